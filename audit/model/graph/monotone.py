"""Operations near the output of a graph, and those among them that fold scores, as a maximum over classes does."""

from typing import Any

from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import Operation, data_inputs, node_name

FOLDS = frozenset(
    {
        *("Max", "Min", "TopK", "TopKV2", "Maximum", "Minimum", "SegmentMax", "UnsortedSegmentMax", "Abs"),
        *("ArgMax", "ArgMin", "OneHot", "Select", "SelectV2", "GatherV2", "GatherNd"),
    }
)
"""Operations that may make the same value of a score and of its opposite."""

_BY_CONSTANT = frozenset({"Maximum", "Minimum", "GatherV2"})  # with a constant they do not
_FOLLOWED = frozenset(
    {
        *(
            "Identity",
            "IdentityN",
            "StopGradient",
            "PreventGradient",
            "CheckNumerics",
            "EnsureShape",
            "Snapshot",
        ),
        *(
            "Reshape",
            "Squeeze",
            "ExpandDims",
            "Cast",
            "StridedSlice",
            "Slice",
            "Split",
            "SplitV",
            "Unpack",
            "ReverseV2",
        ),
        *(
            "Sigmoid",
            "Exp",
            "Log",
            "Log1p",
            "Expm1",
            "Tanh",
            "Softplus",
            "Sqrt",
            "Rint",
            "Round",
            "Floor",
            "Neg",
        ),
        *("AddV2", "Add", "AddN", "Sub", "BiasAdd", "Mul", "RealDiv", "Reciprocal", "Pow", "Square", "Xlogy"),
        *(
            "Mean",
            "Sum",
            "ConcatV2",
            "Pack",
            "Maximum",
            "Minimum",
            "GatherV2",
            "MatMul",
            "BatchMatMulV2",
            "Einsum",
        ),
    }
)
_MAX_NODES = 200
"""Nodes that are looked at: what lies further up is part of the model and not of what is made of its scores."""

_PRODUCTS = frozenset({"Mul", "RealDiv", "MatMul", "BatchMatMulV2", "Einsum"})
_WEIGHTED = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2", "Einsum"})


def folding_operation(frozen: Frozen) -> Operation | None:
    """Return the nearest operation that folds the whole output, on the way up to linear scores or a softmax; or None.

    Such as a maximum over classes, an absolute value or a choice of two. What is added to scores that are not folded,
    such as the absolute value of one feature, does not fold the output.
    """
    return _folding(frozen, frozen.output, {})


def _folding(frozen: Frozen, tensor: str, known: dict[str, Operation | None]) -> Operation | None:
    node = frozen.nodes[node_name(tensor)]
    if node.name in known or tensor in frozen.fed_names or len(known) >= _MAX_NODES:
        return known.get(node.name)
    known[node.name] = None
    computed = [name for name in data_inputs(node) if frozen.nodes[node_name(name)].op != "Const"]
    if node.op in FOLDS and not _is_by_constant(frozen, node, computed):
        known[node.name] = Operation(node.op, node.name)
    elif node.op in _FOLLOWED and not (node.op in _WEIGHTED and len(computed) <= 1):
        operations = [_folding(frozen, name, known) for name in computed]
        if any(operations) and (all(operations) or node.op in _PRODUCTS):
            known[node.name] = next(operation for operation in operations if operation)
    return known[node.name]


def _is_by_constant(frozen: Frozen, node: Any, computed: list[str]) -> bool:
    """Return whether constants keep an operation from folding: a bound, or a choice of constants or by one."""
    if node.op in ("Select", "SelectV2"):
        condition, *branches = (frozen.nodes[node_name(name)].op == "Const" for name in data_inputs(node))
        return condition or all(branches)
    return node.op in _BY_CONSTANT and len(computed) <= 1


def nearest_nodes(frozen: Frozen, limit: int) -> list[Any]:
    """Return up to ``limit`` nodes that the output is computed from, the nearest first."""
    queue = [frozen.output]
    nodes: dict[str, Any] = {}
    for tensor in queue:
        name = node_name(tensor)
        if name in nodes or tensor in frozen.fed_names or len(nodes) >= limit:
            continue
        nodes[name] = frozen.nodes[name]
        queue += data_inputs(frozen.nodes[name])
    return list(nodes.values())
