"""Passes over the rows in blocks, so that what is computed of each row is held for one block only."""

from collections.abc import Callable, Iterator

import numpy as np

BLOCK_ROWS = 2**16
"""Rows of a block: its float64 numbers fit into a processor's cache."""

RowValues = np.ndarray | Callable[[slice], np.ndarray]
"""Numbers, one a row: as an array, or as a function from a block of rows to theirs."""


def row_blocks(rows: int) -> Iterator[slice]:
    """Yield the blocks that so many rows consist of."""
    for start in range(0, max(rows, 1), BLOCK_ROWS):  # no rows are one block without any
        yield slice(start, min(start + BLOCK_ROWS, rows))


def values_of(values: RowValues, block: slice) -> np.ndarray:
    """Return the values of a block of rows."""
    return values[block] if isinstance(values, np.ndarray) else values(block)


def code_counts(codes: np.ndarray, number: int) -> np.ndarray:
    """Return the number of rows of each of ``number`` codes, int64."""
    if number == 1:
        return np.array([len(codes)])
    total = np.zeros(number, np.int64)
    for block in row_blocks(len(codes)):  # NumPy counts 64-bit copies of codes
        total += np.bincount(codes[block], minlength=number)
    return total


def compact(codes: np.ndarray, number: int) -> np.ndarray:
    """Return codes below ``number`` in the smallest unsigned type."""
    return codes.astype(np.min_scalar_type(max(number - 1, 0)))


def nested(outer: np.ndarray, inner: RowValues, groups: int, number: int) -> np.ndarray:
    """Return codes of groups and of ``number`` classes within each, in the smallest unsigned type."""
    codes = np.empty(len(outer), np.min_scalar_type(max(groups * number - 1, 0)))
    for block in row_blocks(len(outer)):
        codes[block] = _nested_block(outer, inner, number, block)
    return codes


def nested_counts(outer: np.ndarray, inner: RowValues, groups: int, number: int) -> np.ndarray:
    """Return the number of rows of each class of each group, int64 ``(groups, number)``."""
    total = np.zeros(groups * number, np.int64)
    for block in row_blocks(len(outer)):
        total += np.bincount(_nested_block(outer, inner, number, block), minlength=len(total))
    return total.reshape(groups, number)


def _nested_block(outer: np.ndarray, inner: RowValues, number: int, block: slice) -> np.ndarray:
    return np.asarray(outer[block].astype(np.int64) * number + values_of(inner, block))
