"""The merge point of a graph: the one tensor in which all columns meet.

Up to it the graph treats columns separately. Rows and references are computed that far once; masked rows enter behind
it, where no single column is sliced, scaled and put back any more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from audit.model.graph.constants import constant
from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import data_inputs

_ELEMENTWISE = frozenset(
    {
        *("Placeholder", "Const", "Identity", "Cast", "ExpandDims"),
        *("Sub", "RealDiv", "Mul", "AddV2", "Add", "BiasAdd", "Neg", "Maximum", "Minimum"),
        *("Sqrt", "Rsqrt", "Square", "Log", "Log1p", "Exp", "Abs", "Relu", "Tanh"),
    }
)
"""Operations that read no other row and, on one column, mix nothing."""


class MergedPart(NamedTuple):
    """A tensor ``(rows, width)`` that is computed from one input."""

    tensor: str
    input: str
    width: int


@dataclass(frozen=True)
class MergePoint:
    """The tensor ``(rows, numbers)``, float32, and its parts in order."""

    tensor: str
    parts: list[MergedPart]


class FirstProduct(NamedTuple):
    """The tensor ``(rows, units)`` that a merge point's tensor becomes by weights, float32 ``(numbers, units)``."""

    tensor: str
    weights: np.ndarray


def find_merge_point(frozen: Frozen, target: str, ends: Mapping[str, str]) -> MergePoint | None:
    """Return the tensor through which all inputs reach the tensor ``target``, None if there is none.

    It is a concatenation, or a single input's tensor where it is first multiplied by weights. ``ends`` has the input
    of each tensor in which a single input has become numbers already.
    """
    nodes = frozen.subgraph_nodes([target], [*ends, *frozen.fed_names, *frozen.handles])
    for tensor, parts in _candidates(nodes.values()):
        is_passed = tensor not in frozen.fed_names and _is_passed(frozen, target, tensor)
        if is_passed and (merge_point := _merged(frozen, tensor, parts, ends)):
            return merge_point
    return None


def find_first_product(frozen: Frozen, target: str, merge_point: MergePoint) -> FirstProduct | None:
    """Return the product of the merge point and constant weights, None if ``target`` reads it in another way."""
    tensor = merge_point.tensor
    nodes = frozen.subgraph_nodes([target], [tensor, *frozen.handles]).values()
    readers = [node for node in nodes if tensor in data_inputs(node)]
    if len(readers) != 1 or readers[0].op != "MatMul" or target == tensor:
        return None
    (node,) = readers
    rows, factor = data_inputs(node)
    weights = constant(factor, frozen.nodes)
    if rows != tensor or weights is None or node.attr["transpose_a"].b:
        return None
    return FirstProduct(f"{node.name}:0", weights.T if node.attr["transpose_b"].b else weights)


def _candidates(nodes: Iterable[Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield tensors that nodes concatenate of others, or multiply by weights, and their parts."""
    for node in nodes:
        if node.op == "ConcatV2":
            yield f"{node.name}:0", data_inputs(node)[:-1]
        elif node.op == "MatMul":
            yield data_inputs(node)[0], data_inputs(node)[:1]


def _is_passed(frozen: Frozen, target: str, tensor: str) -> bool:
    """Return whether no input reaches ``target`` on another path."""
    behind = frozen.subgraph_nodes([target], [tensor, *frozen.handles]).values()
    reads = {tensor for node in behind for tensor in data_inputs(node)}
    return not reads & frozen.fed_names.keys() and all(node.op != "Placeholder" for node in behind)


def _merged(frozen: Frozen, tensor: str, parts: Sequence[str], ends: Mapping[str, str]) -> MergePoint | None:
    merged: list[MergedPart] = []
    for part in parts:
        name = ends.get(part) or _source(frozen, part)
        shape = frozen.shape(part)
        if name is None or shape is None or len(shape) != 2 or shape[0] is not None or shape[1] is None:
            return None
        merged.append(MergedPart(part, name, shape[1]))
    # as many numbers as its parts have: they are concatenated along columns, not along rows
    is_row = frozen.shape(tensor) == [None, sum(part.width for part in merged)]
    return MergePoint(tensor, merged) if is_row and frozen.dtype(tensor) == "float32" else None


def _source(frozen: Frozen, part: str) -> str | None:
    """Return the one input that ``part`` is computed from, element by element."""
    nodes = frozen.subgraph_nodes([part], [*frozen.fed_names, *frozen.handles])
    reads = {part, *(tensor for node in nodes.values() for tensor in data_inputs(node))}
    names = {frozen.fed_names[tensor] for tensor in reads if tensor in frozen.fed_names}
    elementwise = all(node.op in _ELEMENTWISE for node in nodes.values())
    return names.pop() if elementwise and len(names) == 1 else None
