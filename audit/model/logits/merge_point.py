"""Finds the one tensor in which all columns of a model meet.

Up to there each column is by itself. Rows and references can be taken that far once; masked rows then enter behind
it, where no single column is sliced, scaled and put back any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import data_inputs

_BY_VALUE = frozenset(
    {
        *("Placeholder", "Const", "Identity", "Cast", "ExpandDims"),
        *("Sub", "RealDiv", "Mul", "AddV2", "Add", "BiasAdd", "Neg", "Maximum", "Minimum"),
        *("Sqrt", "Rsqrt", "Square", "Log", "Log1p", "Exp", "Abs", "Relu", "Tanh"),
    }
)
"""Operations that look at no other row and, on one column, mix nothing."""


@dataclass(frozen=True)
class MergePoint:
    """The tensor ``(rows, numbers)``, float32, and what lies in it side by side: inputs, and their numbers each."""

    tensor: str
    parts: list[tuple[str, int]]


def find_merge_point(frozen: Frozen, target: str, ends: Mapping[str, str]) -> MergePoint | None:
    """Return the tensor that everything between the inputs and ``target`` goes through, None if there is none.

    It is a concatenation, or what a single input has become where it first meets weights.

    Args:
        frozen: the model's graph.
        target: the tensor that is computed in the end.
        ends: the tensors in which single inputs have become numbers already, and of which input each is.
    """
    nodes = frozen.subgraph_nodes([target], [*ends, *frozen.fed_names, *frozen.handles])
    for tensor, parts in _candidates(nodes.values()):
        if tensor not in frozen.fed_names and _is_passed(frozen, target, tensor):
            meeting = _meeting(frozen, tensor, parts, ends)
            if meeting is not None:
                return meeting
    return None


def _candidates(nodes: Iterable[Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield tensors that nodes join of others, or multiply by weights, and what they consist of."""
    for node in nodes:
        if node.op == "ConcatV2":
            yield f"{node.name}:0", data_inputs(node)[:-1]
        elif node.op == "MatMul":
            yield data_inputs(node)[0], data_inputs(node)[:1]


def _is_passed(frozen: Frozen, target: str, tensor: str) -> bool:
    """Tell whether no input reaches ``target`` on another way."""
    behind = frozen.subgraph_nodes([target], [tensor, *frozen.handles]).values()
    read = {tensor for node in behind for tensor in data_inputs(node)}
    return not read & frozen.fed_names.keys() and all(node.op != "Placeholder" for node in behind)


def _meeting(frozen: Frozen, tensor: str, parts: Sequence[str], ends: Mapping[str, str]) -> MergePoint | None:
    found: list[tuple[str, int]] = []
    for part in parts:
        source, shape = ends.get(part) or _source(frozen, part), frozen.shape(part)
        if source is None or shape is None or len(shape) != 2 or shape[0] is not None or shape[1] is None:
            return None
        found.append((source, shape[1]))
    # as many numbers as its parts have: they stand side by side, and not below one another
    is_row = frozen.shape(tensor) == [None, sum(width for _, width in found)]
    return MergePoint(tensor, found) if is_row and frozen.dtype(tensor) == "float32" else None


def _source(frozen: Frozen, part: str) -> str | None:
    """Return the one input that ``part`` is computed from, value by value."""
    nodes = frozen.subgraph_nodes([part], [*frozen.fed_names, *frozen.handles])
    read = {part, *(tensor for node in nodes.values() for tensor in data_inputs(node))}
    names = {frozen.fed_names[tensor] for tensor in read if tensor in frozen.fed_names}
    by_value = all(node.op in _BY_VALUE for node in nodes.values())
    return names.pop() if by_value and len(names) == 1 else None
