"""Conversion of a signature's ConcreteFunction into a flat graph with constant variables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.frameworks.tensorflow_loader import graph, tensorflow, with_constants
from audit.model.graph.fixed_batch import fixed_batch
from audit.model.graph.frozen import Frozen, GraphSource
from audit.model.graph.tf_example_input import SignatureInput
from audit.model.graph.traversal import node_name


@dataclass(frozen=True)
class FreezeFailure:
    """Why a graph cannot be frozen, in TensorFlow's words."""

    reason: str


def freeze(
    function: Any, output: str, entries: Sequence[SignatureInput], column: int | None = None
) -> Frozen:
    """Flatten a signature's ConcreteFunction: called functions inlined, variables turned into constants.

    ``output`` is the name of the audited output, ``entries`` are the signature's inputs; ``column`` is the column of
    the output that is audited, None for all.

    Raises:
        Exception: whatever TensorFlow raises for a graph that it cannot freeze.
        LookupError: no tensor of the graph holds an input.
    """
    specs = function.structured_input_signature[1]

    # Called by a new function, since taking a gradient has rewritten the loops in the graph of the old one.
    def audited(tensors: Any) -> Any:
        scores = function(**tensors)[output]
        return scores if column is None else scores[:, column]

    caller = graph(audited).get_concrete_function(specs)
    flat = with_constants(caller)
    names = sorted(specs)  # in the order in which TensorFlow flattens a dict
    placeholders = dict(zip(names, (tensor.name for tensor in flat.inputs), strict=False))
    captured = {tensor.name for tensor in flat.inputs[len(names) :]}
    handles = {inner.name: outer for outer, inner in caller.graph.captures if inner.name in captured}
    is_fixed = fixed_batch(specs) is not None
    body = _of_any_rows(flat.graph, placeholders.values(), flat.outputs[0].name) if is_fixed else flat.graph
    frozen = Frozen(body, placeholders, {}, flat.outputs[0].name, handles)
    sources: dict[str, GraphSource] = {}
    for entry in entries:
        sources |= entry.sources(frozen, placeholders[entry.name])
    return replace(frozen, sources=sources)


def _of_any_rows(fixed: Any, placeholders: Iterable[str], output: str) -> Any:
    """Return a graph with a free first dimension of the placeholders, and of every shape that follows from it.

    Raises:
        LookupError: the number of rows is fixed elsewhere in the graph as well.
    """
    tf = tensorflow()
    proto = fixed.as_graph_def()
    inputs = {node_name(tensor) for tensor in placeholders}
    for node in proto.node:
        node.attr.pop("_output_shapes", None)
        if node.name in inputs:
            node.attr["shape"].shape.dim[0].size = -1
    freed = tf.Graph()
    with freed.as_default():
        tf.graph_util.import_graph_def(proto, name="")
    if freed.get_tensor_by_name(output).shape[:1] != [None]:
        raise LookupError("a graph of a fixed number of rows")
    return freed
