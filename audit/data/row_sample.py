"""The sample of a table: the rows with the smallest random keys (Fan, Muller and Rezucha 1962), read as they stream by.

Keys follow from the rows' values (`audit/data/row_hashes.py`), so that neither the sample nor its order depends on the
order of the file.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from audit.stats.row_blocks import row_blocks

_Record = TypeVar("_Record")


class Slots(NamedTuple):
    """Places (slots) in a sample, and the rows of a batch, from 0, that occupy them."""

    slots: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class KeyedRows:
    """Random keys of the rows that count, uint64 ``(rows,)``, and which rows of the file these are, None for all."""

    keys: np.ndarray
    file_rows: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "KeyedRows":
        """Return some of the rows, by their indices, rising."""
        return KeyedRows(self.keys[rows], rows if self.file_rows is None else self.file_rows[rows])

    def sample(self, size: int) -> "RowSample":
        """Return up to ``size`` rows, those with the smallest keys, in the order of these."""
        count = min(size, len(self.keys))
        smallest = np.empty(0, np.int64)
        for block in row_blocks(len(self.keys)):
            of_block = block.start + _places_of_smallest(self.keys[block], count)
            smallest = np.append(smallest, of_block)
            smallest = smallest[_places_of_smallest(self.keys[smallest], count)]
        index = smallest[np.argsort(self.keys[smallest])]
        file_rows = index if self.file_rows is None else self.file_rows[index]
        return RowSample(index, self.keys[index], file_rows)


@dataclass(frozen=True)
class RowSample:
    """Sampled rows by rising key: ``index`` among the rows that count, ``keys``, and ``file_rows``, from 0."""

    index: np.ndarray
    keys: np.ndarray
    file_rows: np.ndarray

    def first(self, size: int) -> "RowSample":
        """Return the sample of ``size`` rows, which a larger one contains."""
        return replace(self, index=self.index[:size], keys=self.keys[:size], file_rows=self.file_rows[:size])

    def within(self, start: int, rows: int) -> Slots:
        """Return the slots of a batch of ``rows`` rows of the file that begins at row ``start``, from 0."""
        first, last = np.searchsorted(self.file_rows[self._in_file_order], [start, start + rows])
        slots = self._in_file_order[first:last]
        return Slots(slots, self.file_rows[slots] - start)

    @cached_property
    def _in_file_order(self) -> np.ndarray:
        return np.argsort(self.file_rows)


def _places_of_smallest(keys: np.ndarray, count: int) -> np.ndarray:
    return np.argpartition(keys, min(count, len(keys)) - 1)[:count]


def take_rows(record: _Record, rows: np.ndarray | slice) -> _Record:
    """Return a dataclass of arrays with one entry a row, of some of the rows; what is no array stays."""
    instance: Any = record
    arrays = {field.name: getattr(instance, field.name) for field in fields(instance)}
    sampled_arrays = {name: array[rows] for name, array in arrays.items() if isinstance(array, np.ndarray)}
    return replace(instance, **sampled_arrays)  # type: ignore[no-any-return]
