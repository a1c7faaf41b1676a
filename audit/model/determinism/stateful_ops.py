"""Operations of a signature that change the model: those that write variables or tables."""

from __future__ import annotations

import re
from typing import Any

from audit.model.graph.traversal import nodes_with_callees

_WRITES = re.compile(
    r"Assign(?:Add|Sub)?(?:VariableOp)?"
    r"|(?:Resource)?StridedSliceAssign"
    r"|(?:Resource)?(?:Sparse)?Apply[A-Z]\w*"
    r"|(?:Resource)?Scatter(?:Nd)?(?:Add|Sub|Mul|Div|Min|Max|Update)"
    r"|(?:Resource)?CountUpTo"
    r"|LookupTable(?:Insert|Import|Remove)(?:V2)?"
)
"""Of variables by resource and by reference, and of tables: the names in TensorFlow's registry of operations."""


def writing_operations(function: Any) -> list[str]:
    """Return the types of the operations by which a call of a ConcreteFunction changes the model, sorted.

    Functions that it calls are included, and so are branches that it may never take. Initializers are not: they are
    functions of their own, which run once when a model is loaded.
    """
    graph = function.graph.as_graph_def()
    operations = {node.op for node in nodes_with_callees(graph.node, graph.library)}
    return sorted(name for name in operations if _WRITES.fullmatch(name))
