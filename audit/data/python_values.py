"""Arrow values as Python objects whose text and identity do not depend on the type that they were stored in."""

import math

import numpy as np
import pyarrow as pa

from audit.data.column_types import is_bytes
from audit.errors import AuditError


def python_values(values: pa.Array, column: str) -> list[object]:
    """Return numbers, texts, flags and dates of an Arrow array; None for null and NaN, and text for bytes.

    A 16- or 32-bit float becomes the shortest decimal that rounds to it: 0.1, and not 0.10000000149.

    Raises:
        AuditError: bytes of ``column`` are no text.
    """
    if pa.types.is_floating(values.type):
        return [_shortest(number) for number in values.to_numpy(zero_copy_only=False)]
    if is_bytes(values.type):
        try:
            return list(values.cast(pa.binary()).cast(pa.string()).to_pylist())
        except pa.ArrowInvalid:
            raise AuditError(
                where=f"data column {column!r}", expected="UTF-8 text", found="bytes that are not UTF-8 text"
            ) from None
    return list(values.to_pylist())


def _shortest(number: np.floating) -> float | None:
    value = float(number)
    if math.isnan(value):
        return None
    return value if value.is_integer() or math.isinf(value) else float(str(number))
