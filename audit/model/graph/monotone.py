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
_WEIGHTED = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2", "Einsum"})


def folding_operation(frozen: Frozen) -> Operation | None:
    """Return the nearest operation that folds scores on the way up to linear scores or a softmax; None if none does.

    Such as a maximum over classes, an absolute value or a choice of two.
    """
    queue = [frozen.output]
    seen: set[str] = set()
    for tensor in queue:
        node = frozen.nodes[node_name(tensor)]
        if node.name in seen or tensor in frozen.fed_names:
            continue
        seen.add(node.name)
        computed = [name for name in data_inputs(node) if frozen.nodes[node_name(name)].op != "Const"]
        if node.op in FOLDS and not (node.op in _BY_CONSTANT and len(computed) <= 1):
            return Operation(node.op, node.name)
        is_linear = node.op in _WEIGHTED and len(computed) <= 1
        if node.op in _FOLLOWED and not is_linear:
            queue += computed
    return None


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
