"""A meta graph's program: its main graph and its functions as parts that reach one another."""

from collections.abc import Iterable
from typing import Any

from audit.model.graph.traversal import called_functions, node_name
from audit.policy.unsafe_operations import RESTORES

Part = tuple[str, str]  # ("node", name in the main graph) or ("function", name)


class ProgramGraph:
    """Nodes of the main graph and whole functions of the library, each a `Part`."""

    def __init__(self, graph: Any) -> None:
        self._library = graph.library
        self._nodes = {node.name: node for node in graph.node}
        self._functions = {function.signature.name: function for function in graph.library.function}
        self.parts: set[Part] = {("node", name) for name in self._nodes}
        self.parts |= {("function", name) for name in self._functions}

    def reach(self, tensors: Iterable[str], functions: Iterable[str] = ()) -> set[Part]:
        """Return the parts that computing ``tensors`` and calling ``functions`` executes."""
        parts: set[Part] = set()
        queue: list[Part] = [("node", node_name(name)) for name in tensors if name]
        queue += [("function", name) for name in functions]
        while queue:
            part = queue.pop()
            if part in self.parts and part not in parts:
                parts.add(part)
                queue += [
                    ("function", callee) for node in self._inside(part) for callee in called_functions(node)
                ]
                if part[0] == "node":
                    queue += [("node", node_name(tensor)) for tensor in self._nodes[part[1]].input]
        return parts

    @property
    def substitutes(self) -> list[str]:
        """Functions that TensorFlow may run in place of others, though no node names them.

        They are the gradients of the library, which a tape calls, and implementations of one interface, which Grappler
        exchanges.
        """
        gradients = {g.gradient_func for g in (*self._library.gradient, *self._library.registered_gradients)}
        exchanged = {name for name, function in self._functions.items() if "api_implements" in function.attr}
        return sorted(gradients | exchanged)

    def reading_only(self, checkpoint: str) -> set[Part]:
        """Return all nodes but those that read another checkpoint than the one named by node ``checkpoint``."""
        return {
            ("node", node.name)
            for node in self._nodes.values()
            if node.op not in RESTORES or node_name(node.input[0] if node.input else "") == checkpoint
        }

    def operations(self, parts: set[Part], kinds: frozenset[str]) -> set[tuple[Part, str]]:
        """Return the operations of these ``kinds`` in nodes and function bodies, each with its part and type."""
        return {(part, node.op) for part in parts for node in self._inside(part) if node.op in kinds}

    def types(self, parts: Iterable[Part]) -> set[str]:
        """Return the types of the operations in ``parts``."""
        return {node.op for part in parts for node in self._inside(part)}

    def part(self, function: str, node: str) -> tuple[Part, str]:
        """Return the part that holds a node of ``function`` (of the main graph, if empty), and the node's type."""
        part = ("function", function) if function else ("node", node)
        return part, next(inner.op for inner in self._inside(part) if inner.name == node)

    def _inside(self, part: Part) -> Any:
        kind, name = part
        return [self._nodes[name]] if kind == "node" else self._functions[name].node_def
