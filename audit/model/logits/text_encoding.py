"""Cuts the graph behind what it does to each text column by itself: lookup, hashing, one-hot, embedding.

The part before the cut is run once on the vocabulary and becomes a table of numbers; the part behind it is a
function of numbers only, which can be masked, differentiated and compiled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.graph.frozen import Frozen
from audit.model.graph.subgraph import Subgraph
from audit.model.graph.traversal import data_inputs, node_name

WIDEST = 512
"""A column that takes more numbers than this in the graph is left as text: a table of them would cost more."""

_LARGEST = 2**22  # numbers in a table; beyond that as well


@dataclass(frozen=True)
class Encoding:
    """One text column behind its own part of the graph.

    ``table`` (float, ``(vocabulary, width)``) holds for each text the numbers that flow on; ``parts`` are the
    tensors that they belong to: name, shape of one row, dtype.
    """

    table: np.ndarray
    parts: list[tuple[str, list[int], Any]]


def encode(frozen: Frozen, target: str, vocabularies: Mapping[str, Sequence[str]]) -> dict[str, Encoding]:
    """Return the encodings of text inputs of one column each, as far as the graph offers them.

    Args:
        frozen: the model's graph.
        target: the tensor that is computed in the end.
        vocabularies: the texts that occur, by the input's name.
    """
    nodes = frozen.subgraph_nodes([target], [*frozen.fed_names, *frozen.handles])
    causes, edges = _causes(frozen, nodes), dict[str, list[str]]()
    for name, words in vocabularies.items():
        edge = _edge(frozen, target, name, nodes, causes)
        widths = [math.prod(size or 1 for size in frozen.shape(tensor) or ()) for tensor in edge]
        if edge and _has_room(sum(widths), words):
            edges[name] = edge
    values = _evaluate(frozen, edges, vocabularies) if edges else {}
    found = {name: _encoding(values[name], edges[name], vocabularies[name]) for name in edges}
    return {name: encoding for name, encoding in found.items() if encoding is not None}


def _has_room(width: int, words: Sequence[str]) -> bool:
    return width <= min(WIDEST, _LARGEST // len(words))


def _evaluate(
    frozen: Frozen, edges: Mapping[str, list[str]], vocabularies: Mapping[str, Sequence[str]]
) -> dict[str, list[Any]]:
    """Run the graph up to the edges on every vocabulary, in one trace."""
    tf = tensorflow()
    cut = Subgraph(frozen, [tensor for edge in edges.values() for tensor in edge], frozen.fed_names)

    def run() -> list[Any]:
        given: dict[str, Any] = {}
        for name in edges:
            texts = tf.constant(list(vocabularies[name]))
            flat = len(frozen.shape(frozen.inputs[name]) or ()) == 1
            given |= frozen.bind(name, texts if flat else texts[:, None])
        return cut(given)

    found = iter(graph(run)())
    return {name: [next(found) for _ in edge] for name, edge in edges.items()}


def _encoding(tensors: list[Any], edge: list[str], words: Sequence[str]) -> Encoding | None:
    if not all(_is_exact(tensor) and list(tensor.shape[:1]) == [len(words)] for tensor in tensors):
        return None
    rows = [tensor.numpy().reshape(len(words), -1).astype(np.float64) for tensor in tensors]
    table = np.concatenate(rows, axis=1)
    parts = [(name, list(tensor.shape[1:]), tensor.dtype) for name, tensor in zip(edge, tensors, strict=True)]
    return Encoding(table, parts) if _has_room(table.shape[1], words) else None


def _edge(
    frozen: Frozen, target: str, name: str, nodes: dict[str, Any], causes: dict[str, set[str]]
) -> list[str]:
    """Return the tensors that depend on one input alone and are read by what depends on more, or are the target."""
    alone = {node for node in nodes if causes[node] == {name}}
    read = [tensor for node in nodes if node not in alone for tensor in data_inputs(nodes[node])]
    found = {t for t in [*read, target] if node_name(t) in alone or frozen.fed_names.get(t) == name}
    return sorted(tensor for tensor in found if _may_be_by_row(frozen.shape(tensor)))


def _causes(frozen: Frozen, nodes: dict[str, Any]) -> dict[str, set[str]]:
    """Return what each node depends on of what is fed, by name."""
    found: dict[str, set[str]] = {}
    stack = list(nodes)
    while stack:
        name = stack[-1]
        read = data_inputs(nodes[name])
        above = {node_name(tensor) for tensor in read if tensor not in frozen.fed_names} & nodes.keys()
        waiting = [other for other in above if other not in found]
        if waiting:
            stack += waiting
            continue
        own = {frozen.fed_names[tensor] for tensor in read if tensor in frozen.fed_names}
        found[stack.pop()] = own.union(*(found[other] for other in above))
    return found


def _may_be_by_row(shape: list[int | None] | None) -> bool:
    return shape is None or (len(shape) > 0 and shape[0] is None)


def _is_exact(tensor: Any) -> bool:
    """Tell whether these are numbers that a float32 matrix holds unchanged: whole ones must be small enough."""
    if tensor.dtype.is_integer:
        return bool(np.abs(tensor.numpy().astype(np.float64)).max(initial=0) < 2**24)
    return bool(tensor.dtype.is_floating or tensor.dtype.is_bool)
