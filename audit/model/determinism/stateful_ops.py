"""Whether scoring changes the model: operations that write variables or tables, wherever a call reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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
    return sorted({node.op for node in _reached(function.graph.as_graph_def()) if _WRITES.fullmatch(node.op)})


def _reached(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a graph and of each function in its library that they call."""
    bodies = {function.signature.name: function.node_def for function in graph.library.function}
    waiting = [graph.node]
    while waiting:
        for node in waiting.pop():
            yield node
            waiting += [bodies.pop(name) for name in _called(node) if name in bodies]


def _called(node: Any) -> set[str]:
    """Return the names of the functions that a node may call: as its operation, or as attributes."""
    named = {attribute.func.name for attribute in node.attr.values()}
    listed = {function.name for attribute in node.attr.values() for function in attribute.list.func}
    return {node.op} | named | listed
