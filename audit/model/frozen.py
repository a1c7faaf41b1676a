"""The graph of a signature, flat and with its variables as constants: what can be cut into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from audit.model.batches import fixed_batch
from audit.model.entry import Entry, Source
from audit.model.framework import graph, tensorflow
from audit.model.graph import data_inputs, node_name
from audit.quiet import quiet


@dataclass(frozen=True)
class Frozen:
    """A flat graph.

    ``placeholders`` are the tensors of the signature's inputs, ``sources`` says where what is fed stands, by its name,
    ``output`` is the audited tensor; ``handles`` are the lookup tables that the graph reaches, by placeholder tensor:
    they cannot be constants.
    """

    graph: Any
    placeholders: dict[str, str]
    sources: dict[str, Source]
    output: str
    handles: dict[str, Any]

    @property
    def inputs(self) -> dict[str, str]:
        """The tensor that is fed, by name."""
        return {name: source.tensor for name, source in self.sources.items()}

    @cached_property
    def fed(self) -> dict[str, str]:
        """Of what is fed: the name, by each tensor that holds it in some form."""
        return {
            tensor: name
            for name, source in self.sources.items()
            for tensor in (source.tensor, *source.others)
        }

    def given(self, name: str, value: Any) -> dict[str, Any]:
        """Return what a cut is given for the value of one of what is fed, by tensor."""
        source = self.sources[name]
        return {source.tensor: value} | {other: made(value) for other, made in source.others.items()}

    @cached_property
    def proto(self) -> Any:
        """The graph as a GraphDef."""
        return self.graph.as_graph_def()

    @cached_property
    def nodes(self) -> dict[str, Any]:
        """The graph's nodes by name."""
        return {node.name: node for node in self.proto.node}

    @cached_property
    def readers(self) -> dict[str, list[Any]]:
        """The nodes that read a tensor, by its name."""
        found: dict[str, list[Any]] = {}
        for node in self.proto.node:
            for tensor in data_inputs(node):
                found.setdefault(tensor, []).append(node)
        return found

    def above(self, name: str) -> dict[str, Any]:
        """Return the node ``name`` and all that it is computed from, by name."""
        return self.between([name], [])

    def shape(self, tensor: str) -> list[int | None] | None:
        """Return the static shape of a tensor ``name:index``, None where not even its rank is known."""
        found = self.graph.get_tensor_by_name(tensor).shape
        return None if found.rank is None else list(found.as_list())

    def dtype(self, tensor: str) -> str:
        """Return the name of a tensor's type."""
        return str(self.graph.get_tensor_by_name(tensor).dtype.name)

    def between(self, fetches: Iterable[str], fed: Iterable[str]) -> dict[str, Any]:
        """Return the nodes, by name, that compute ``fetches`` from the tensors ``fed``."""
        given, found = set(fed), dict[str, Any]()
        queue = [tensor for tensor in fetches if tensor not in given]
        while queue:
            node = self.nodes[node_name(queue.pop())]
            if node.name not in found:
                found[node.name] = node
                queue += [tensor for tensor in data_inputs(node) if tensor not in given]
        return found


def freeze(function: Any, output: str, entries: Sequence[Entry]) -> Frozen:
    """Flatten a signature's ConcreteFunction: called functions inlined, variables turned into constants.

    Args:
        function: of the signature.
        output: the name of the audited output.
        entries: how its inputs are fed.

    Raises:
        Exception: whatever TensorFlow raises for a graph that it cannot freeze.
        LookupError: the graph holds nowhere what is fed.
    """
    specs = function.structured_input_signature[1]
    # Called by a new function, since taking a gradient has rewritten the loops in the graph of the old one.
    caller = graph(lambda tensors: function(**tensors)[output]).get_concrete_function(specs)
    with quiet():
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        flat = convert_variables_to_constants_v2(caller, lower_control_flow=False, aggressive_inlining=True)
    names = sorted(specs)  # in the order in which TensorFlow flattens a dict
    placeholders = dict(zip(names, (tensor.name for tensor in flat.inputs), strict=False))
    left = {tensor.name for tensor in flat.inputs[len(names) :]}
    handles = {inner.name: outer for outer, inner in caller.graph.captures if inner.name in left}
    is_fixed = fixed_batch(specs) is not None
    body = _of_any_rows(flat.graph, placeholders.values(), flat.outputs[0].name) if is_fixed else flat.graph
    frozen = Frozen(body, placeholders, {}, flat.outputs[0].name, handles)
    sources: dict[str, Source] = {}
    for entry in entries:
        sources |= entry.sources(frozen, placeholders[entry.name])
    return replace(frozen, sources=sources)


def _of_any_rows(fixed: Any, placeholders: Iterable[str], output: str) -> Any:
    """Return a graph in which the placeholders' first dimension is free, and every shape that follows from it.

    Raises:
        LookupError: the number of rows stands elsewhere in the graph as well.
    """
    tf, proto = tensorflow(), fixed.as_graph_def()
    given = {node_name(tensor) for tensor in placeholders}
    for node in proto.node:
        node.attr.pop("_output_shapes", None)
        if node.name in given:
            node.attr["shape"].shape.dim[0].size = -1
    freed = tf.Graph()
    with freed.as_default():
        tf.graph_util.import_graph_def(proto, name="")
    if freed.get_tensor_by_name(output).shape[:1] != [None]:
        raise LookupError("a graph of a fixed number of rows")
    return freed
