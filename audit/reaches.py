"""Numbers against a limit that was written in decimals."""

from __future__ import annotations

from typing import Any

import numpy as np


def reaches(values: np.ndarray, limit: float, dtype: np.dtype[Any]) -> np.ndarray:
    """Tell which values are at least ``limit``, both rounded to ``dtype``, that of the numbers as they came.

    A 32-bit 0.7 is 0.699999988 as a 64-bit number, and would miss the limit 0.7.
    """
    with np.errstate(over="ignore"):  # a limit beyond the range of a type is infinite in it
        return np.asarray(values.astype(dtype) >= np.float64(limit).astype(dtype))
