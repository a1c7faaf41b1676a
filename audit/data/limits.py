"""Comparison of floating-point numbers with limits that were written in decimals."""

from typing import Any

import numpy as np


def reaches(values: np.ndarray, limit: float, dtype: np.dtype[Any]) -> np.ndarray:
    """Return which values (bool) are at least ``limit``, both rounded to ``dtype``, the type that the values came in.

    A 32-bit 0.7 is 0.699999988 as a 64-bit number, and would miss the limit 0.7.
    """
    return np.asarray(_rounded(values, dtype) >= _rounded(limit, dtype))


def levels(values: np.ndarray, limits: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Return for each of ``values`` how many of the rising ``limits`` it reaches in the sense of `reaches`."""
    return np.searchsorted(_rounded(limits, dtype), _rounded(values, dtype), side="right")


def _rounded(numbers: np.ndarray | float, dtype: np.dtype[Any]) -> np.ndarray:
    """Round to ``dtype``; the result is float64, since not every type can be searched."""
    with np.errstate(over="ignore"):  # a limit beyond the range of a type is infinite in it
        return np.asarray(numbers, np.float64).astype(dtype).astype(np.float64)
