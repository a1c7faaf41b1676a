"""The merge point of a graph: the one tensor in which all columns meet.

Up to it the graph treats columns separately. Rows and references are computed that far once; masked rows enter behind
it, where no single column is sliced, scaled and put back any more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class MergePoint:
    """The tensor ``(rows, numbers)``, float32, and its parts in order: an input, and how many numbers of it."""

    tensor: str
    parts: list[tuple[str, int]]


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
    inputs: list[tuple[str, int]] = []
    for part in parts:
        name = ends.get(part) or _source(frozen, part)
        shape = frozen.shape(part)
        if name is None or shape is None or len(shape) != 2 or shape[0] is not None or shape[1] is None:
            return None
        inputs.append((name, shape[1]))
    # as many numbers as its parts have: they are concatenated along columns, not along rows
    is_row = frozen.shape(tensor) == [None, sum(width for _, width in inputs)]
    return MergePoint(tensor, inputs) if is_row and frozen.dtype(tensor) == "float32" else None


def _source(frozen: Frozen, part: str) -> str | None:
    """Return the one input that ``part`` is computed from, element by element."""
    nodes = frozen.subgraph_nodes([part], [*frozen.fed_names, *frozen.handles])
    reads = {part, *(tensor for node in nodes.values() for tensor in data_inputs(node))}
    names = {frozen.fed_names[tensor] for tensor in reads if tensor in frozen.fed_names}
    elementwise = all(node.op in _ELEMENTWISE for node in nodes.values())
    return names.pop() if elementwise and len(names) == 1 else None
