"""Nodes that a call of a graph executes: constants folded, branches that no call takes left out."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.traversal import CALLS, called_functions, node_name

_COPIES = frozenset({"Identity", "PlaceholderWithDefault", "StopGradient", "PreventGradient", "Snapshot"})
_SWITCHES = frozenset({"Switch", "RefSwitch"})
_BRANCHES = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_DEPTH = 50  # of copies and negations that a constant is followed through

Constants = Mapping[str, int]
"""The arguments of a function that are known, by name; truth values are 0 and 1."""


def executed_nodes(proto: Any, inputs: Collection[str] = ()) -> Iterator[Any]:
    """Yield the nodes of a GraphDef that a call may execute, those of called functions included.

    ``inputs`` are the names of the nodes that a call feeds, which are no constants whatever they hold in the graph.

    A function runs all of its stateful operations, whether a result needs them or not: only what lies behind a
    constant condition is left out. A placeholder that has a default and is no input of the signature is its default.
    A function is looked into once for each combination of known arguments.
    """
    library = {function.signature.name: function for function in proto.library.function}
    seen: set[tuple[str, tuple[tuple[str, int], ...]]] = set()
    queue = [_Scope(list(proto.node), {}, library, frozenset(inputs))]
    while queue:
        scope = queue.pop()
        for node in scope.live:
            yield node
            for name, arguments in scope.calls(node):
                key = (name, tuple(sorted(arguments.items())))
                if key not in seen:
                    seen.add(key)
                    queue.append(_Scope(list(library[name].node_def), arguments, library))


@dataclass(frozen=True)
class _Scope:
    """The nodes of a graph or of one function's body, with what is known of its arguments."""

    nodes: list[Any]
    arguments: Constants
    library: Mapping[str, Any]
    inputs: Collection[str] = ()

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        return {node.name: node for node in self.nodes}

    @property
    def live(self) -> list[Any]:
        """The nodes that a constant condition does not exclude."""
        dead = self._dead()
        return [node for node in self.nodes if node.name not in dead]

    def _dead(self) -> set[str]:
        """Return the nodes behind the closed side of a switch, as TensorFlow 1 writes conditions."""
        closed = {
            node.name: 1 - bool(value)
            for node in self.nodes
            if node.op in _SWITCHES and (value := self.constant(node.input[1])) is not None
        }
        dead: set[str] = set()
        grows = bool(closed)
        while grows:
            more = {
                node.name
                for node in self.nodes
                if node.name not in dead and self._is_dead(node, dead, closed)
            }
            dead |= more
            grows = bool(more)
        return dead

    def _is_dead(self, node: Any, dead: set[str], closed: Mapping[str, int]) -> bool:
        def is_dead(tensor: str) -> bool:
            side = _switch_side(
                tensor
            )  # None of a control input, which waits for a node and takes no side of it
            return node_name(tensor) in dead or (side is not None and closed.get(node_name(tensor)) == side)

        inputs = [is_dead(tensor) for tensor in node.input]
        return bool(inputs) and (all(inputs) if node.op in ("Merge", "RefMerge") else any(inputs))

    def calls(self, node: Any) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield the functions that a node may call, each with the arguments that are known."""
        names = [name for name in called_functions(node) if name in self.library]
        values: list[str] = []
        if node.op in CALLS:
            values = list(node.input)
        elif node.op in _BRANCHES:
            values = list(node.input[1:])
            names = self._taken(node, names)
        for name in names:
            parameters = self.library[name].signature.input_arg
            pairs = zip(parameters, values, strict=False)
            constants = {parameter.name: self.constant(tensor) for parameter, tensor in pairs}
            yield name, {key: value for key, value in constants.items() if value is not None}

    def _taken(self, node: Any, names: list[str]) -> list[str]:
        """Return the branch that is taken if the condition is constant, else all ``names``."""
        value = self.constant(node.input[0])
        if value is None:
            return names
        if "If" in node.op:
            return [node.attr["then_branch" if value else "else_branch"].func.name]
        branches = [function.name for function in node.attr["branches"].list.func]
        return [branches[value] if 0 <= value < len(branches) else branches[-1]]

    def constant(self, tensor: str, depth: int = _DEPTH) -> int | None:
        """Return the value of a scalar truth value or whole number, None if it is not known."""
        name = node_name(tensor)
        node = self._by_name.get(name)
        if name in self.inputs:
            return None
        if node is None or tensor.startswith("^"):
            return self.arguments.get(name)
        if node.op == "Const":
            return _scalar(node.attr["value"].tensor)
        if not depth or not node.input:
            return None
        if node.op in _COPIES:
            return self.constant(node.input[0], depth - 1)
        if node.op == "LogicalNot":
            value = self.constant(node.input[0], depth - 1)
            return None if value is None else 1 - value
        if node.op in ("LogicalAnd", "LogicalOr"):
            deciding = int(node.op == "LogicalOr")
            values = [self.constant(item, depth - 1) for item in node.input[:2]]
            return deciding if deciding in values else None if None in values else 1 - deciding
        return None


def _switch_side(tensor: str) -> int | None:
    """Return 1 for the true side of a switch, 0 for the false one, None for a control input."""
    if tensor.startswith("^"):
        return None
    port = tensor.partition(":")[2]
    return int(port.startswith("output_true") or port == "1")


def _scalar(tensor: Any) -> int | None:
    value = tensorflow().make_ndarray(tensor)
    return int(value) if value.ndim == 0 and value.dtype.kind in "biu" else None
