"""The row at which a model fails, and what its own assertions say of that; no value of a row is quoted."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from audit.errors import RowError
from audit.frameworks.op_errors import without_values
from audit.frameworks.tensorflow_loader import tensorflow


def failing_row(
    outputs: Callable[[Mapping[str, Any]], Any], tensors: Mapping[str, Any], rows: int
) -> int | None:
    """Return the index of the first row at which ``outputs`` fails, None if it fails on no part of the rows.

    Found by bisection: the rows up to that one are the fewest on which it fails.
    """

    def fails(count: int) -> bool:
        try:
            outputs({name: tensor[:count] for name, tensor in tensors.items()})
        except tensorflow().errors.InvalidArgumentError:
            return True
        return False

    low = 0
    high = rows
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return high - 1 if rows and fails(high) else None


def assertion_texts(graph: Any, error: Exception) -> list[str]:
    """Return the constant texts of a graph's assertions that TensorFlow's ``error`` contains, in its order."""
    message = str(error)
    texts = {text for text in _assertion_constants(graph) if f"[{text}]" in message}
    return sorted(texts, key=lambda text: message.index(f"[{text}]"))


def row_error(row: int, where: str, error: Exception, texts: list[str]) -> RowError:
    """Return the AuditError for a model that fails on a row."""
    said = f"; its assertion says {texts[0]!r}"[:300] if texts else ""
    return RowError(
        row=row,
        where=where,
        expected="scores for the data's rows",
        found=f"the model fails: {without_values(error)}{said}",
        fix="compare the row's values with what the model was trained on",
    )


def _assertion_constants(graph: Any) -> Iterator[str]:
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        constants = {node.name: node for node in nodes if node.op == "Const"}
        for node in nodes:
            for name in node.input if node.op == "Assert" else ():
                if (constant := constants.get(name.split(":")[0])) is not None:
                    values = constant.attr["value"].tensor.string_val
                    yield from (value.decode(errors="replace") for value in values)
