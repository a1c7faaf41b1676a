"""Encodings of text columns, read off the graph: tables of the numbers that it makes of each text.

The part of the graph that reads one text column only (lookup, hashing, one-hot, embedding) is run once on the
vocabulary; the part behind it is a function of numbers, which can be masked, differentiated and compiled.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.graph.frozen import Frozen
from audit.model.graph.subgraph import Subgraph
from audit.model.graph.traversal import data_inputs, node_name

WIDEST = 512
"""Maximum width of a table. A column with more numbers in the graph stays text: its table would cost more."""

_MAX_NUMBERS = 2**22  # in a table, likewise


class EncodedTensor(NamedTuple):
    """A tensor that holds some of a text's numbers, with the shape of one row."""

    tensor: str
    shape: list[int]
    dtype: Any


@dataclass(frozen=True)
class Encoding:
    """The numbers of one text column.

    ``table`` (float, ``(vocabulary, width)``) holds those of each text; ``parts`` are the tensors that they belong to.
    """

    table: np.ndarray
    parts: list[EncodedTensor]


def encode(frozen: Frozen, target: str, vocabularies: Mapping[str, Sequence[str]]) -> dict[str, Encoding]:
    """Return the encodings of text inputs of one column each, as far as the graph has them.

    ``target`` is the tensor that is computed, ``vocabularies`` are the texts that occur, by the input's name.
    """
    nodes = frozen.subgraph_nodes([target], [*frozen.fed_names, *frozen.handles])
    inputs = _inputs(frozen, nodes)
    frontiers: dict[str, list[str]] = {}
    for name, words in vocabularies.items():
        frontier = _frontier(frozen, target, name, nodes, inputs)
        widths = [math.prod(size or 1 for size in frozen.shape(tensor) or ()) for tensor in frontier]
        if frontier and _has_room(sum(widths), words):
            frontiers[name] = frontier
    values = _evaluate(frozen, frontiers, vocabularies) if frontiers else {}
    encodings = {name: _encoding(values[name], frontiers[name], vocabularies[name]) for name in frontiers}
    return {name: encoding for name, encoding in encodings.items() if encoding is not None}


def _has_room(width: int, words: Sequence[str]) -> bool:
    return width <= min(WIDEST, _MAX_NUMBERS // len(words))


def _evaluate(
    frozen: Frozen, frontiers: Mapping[str, list[str]], vocabularies: Mapping[str, Sequence[str]]
) -> dict[str, list[Any]]:
    """Run the graph up to the frontiers on every vocabulary, in one trace."""
    tf = tensorflow()
    fetches = [tensor for frontier in frontiers.values() for tensor in frontier]
    subgraph = Subgraph(frozen, fetches, frozen.fed_names)

    def run() -> list[Any]:
        values: dict[str, Any] = {}
        for name in frontiers:
            texts = tf.constant(list(vocabularies[name]))
            flat = len(frozen.shape(frozen.inputs[name]) or ()) == 1
            values |= frozen.bind(name, texts if flat else texts[:, None])
        return subgraph(values)

    tensors = iter(graph(run)())
    return {name: [next(tensors) for _ in frontier] for name, frontier in frontiers.items()}


def _encoding(tensors: list[Any], frontier: list[str], words: Sequence[str]) -> Encoding | None:
    if not all(_is_exact(tensor) and list(tensor.shape[:1]) == [len(words)] for tensor in tensors):
        return None
    rows = [tensor.numpy().reshape(len(words), -1).astype(np.float64) for tensor in tensors]
    table = np.concatenate(rows, axis=1)
    parts = [
        EncodedTensor(name, list(t.shape[1:]), t.dtype) for name, t in zip(frontier, tensors, strict=True)
    ]
    return Encoding(table, parts) if _has_room(table.shape[1], words) else None


def _frontier(
    frozen: Frozen, target: str, name: str, nodes: dict[str, Any], inputs: dict[str, set[str]]
) -> list[str]:
    """Return the tensors that depend on one input only, and are the target or read by what depends on more."""
    single = {node for node in nodes if inputs[node] == {name}}
    reads = [tensor for node in nodes if node not in single for tensor in data_inputs(nodes[node])]
    frontier = {t for t in [*reads, target] if node_name(t) in single or frozen.fed_names.get(t) == name}
    return sorted(tensor for tensor in frontier if _may_be_by_row(frozen.shape(tensor)))


def _inputs(frozen: Frozen, nodes: dict[str, Any]) -> dict[str, set[str]]:
    """Return the names of the inputs that each node depends on."""
    inputs: dict[str, set[str]] = {}
    stack = list(nodes)
    while stack:
        tensors = data_inputs(nodes[stack[-1]])
        parents = {node_name(tensor) for tensor in tensors if tensor not in frozen.fed_names} & nodes.keys()
        if pending := [parent for parent in parents if parent not in inputs]:
            stack += pending
            continue
        direct = {frozen.fed_names[tensor] for tensor in tensors if tensor in frozen.fed_names}
        inputs[stack.pop()] = direct.union(*(inputs[parent] for parent in parents))
    return inputs


def _may_be_by_row(shape: list[int | None] | None) -> bool:
    return shape is None or (len(shape) > 0 and shape[0] is None)


def _is_exact(tensor: Any) -> bool:
    """Return whether a float32 matrix holds these numbers unchanged: integers must be small enough."""
    if tensor.dtype.is_integer:
        return bool(np.abs(tensor.numpy().astype(np.float64)).max(initial=0) < 2**24)
    return bool(tensor.dtype.is_floating or tensor.dtype.is_bool)
