"""Scores of a sample of all batches' rows, compared with those of the same rows alone and among other neighbours.

`require_deterministic` sees the first batch only. A model may read its neighbours in later ones, so that what an audit
measures in large batches is not what is served row by row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.data.row_hashes import mixed
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.determinism.check import has_wide_rows, rescored_rows, small_batches
from audit.model.determinism.comparison import ScoreComparison
from audit.model.model import Model

_ROWS_PER_SAMPLED_ROW = 40
"""Each sampled row is scored twice again: about 5 % of a pass."""
_MIN_ROWS = 16
_MAX_ROWS = 512
_MAX_WIDE_ROWS = 64
_SINGLE_ROWS = 32
"""A model that reads its neighbours in a tenth of the rows escapes once in thirty; each call costs as many rows do."""


@dataclass(frozen=True)
class _Sample:
    """Rows by their rising random keys: model inputs, scores, numbers from 1, and the size of the batch of each."""

    keys: np.ndarray
    tensors: dict[str, Any]
    raw: np.ndarray
    numbers: np.ndarray
    sizes: np.ndarray

    def take(self, index: np.ndarray) -> "_Sample":
        tensors = {name: tensorflow().gather(tensor, index) for name, tensor in self.tensors.items()}
        return _Sample(self.keys[index], tensors, self.raw[index], self.numbers[index], self.sizes[index])

    def joined(self, other: "_Sample") -> "_Sample":
        tensors = {name: tensorflow().concat([t, other.tensors[name]], 0) for name, t in self.tensors.items()}
        arrays = ((getattr(self, name), getattr(other, name)) for name in ("raw", "numbers", "sizes"))
        return _Sample(np.append(self.keys, other.keys), tensors, *map(np.concatenate, arrays))

    def has_shapes_of(self, other: "_Sample") -> bool:
        return all(t.shape[1:] == other.tensors[name].shape[1:] for name, t in self.tensors.items())


class BatchSample:
    """A uniform sample of the rows of all batches, with their scores; memory is that of the sampled rows.

    Args:
        model: the model that scored the rows.
        rows: number of rows in all.
    """

    def __init__(self, model: Model, rows: int) -> None:
        self._model = model
        self._rows = rows
        self._sample: _Sample | None = None
        self._is_compared = False

    def add(self, tensors: Mapping[str, Any], raw: np.ndarray, hashes: np.ndarray, first_row: int) -> None:
        """Add a batch: the model's inputs, its scores ``(rows, width)``, the rows' hashes, and the first's number."""
        numbers = first_row + np.arange(len(raw))
        keys = mixed(hashes ^ mixed(numbers.astype(np.uint64)))  # equal rows have a key each
        if self._sample is None:
            self._is_compared = len(raw) == self._rows <= rescored_rows(tensors)
        if self._is_compared:
            return
        batch = _Sample(keys, dict(tensors), raw, numbers, np.full(len(raw), len(raw)))
        self._sample = self._smallest(batch)

    def _smallest(self, batch: _Sample) -> _Sample:
        """Return the sample of the rows so far, of which ``batch`` are the last."""
        largest = _MAX_WIDE_ROWS if has_wide_rows(batch.tensors) else _MAX_ROWS
        size = int(np.clip(self._rows // _ROWS_PER_SAMPLED_ROW, _MIN_ROWS, largest))
        smallest = batch.take(_places_of_smallest(batch.keys, size))
        if self._sample is None:
            return smallest
        if not smallest.has_shapes_of(self._sample):  # images of another size make no batch with the others
            return self._sample
        joined = self._sample.joined(smallest)
        return joined.take(_places_of_smallest(joined.keys, size))

    def require_row_wise(self) -> None:
        """Compare the scores with those of the rows alone, in one batch, and in small batches of mixed rows.

        Raises:
            AuditError: a row's scores differ by more than rounding.
        """
        if self._sample is None:
            return
        sample = self._sample
        comparison = ScoreComparison(self._model, sample.tensors, sample.raw, sample.numbers)
        rows = np.arange(len(sample.raw))
        single_rows = rows[:_SINGLE_ROWS]
        single = comparison.score_singly(single_rows)
        comparison.single(single_rows, single, sample.raw[single_rows], sample.sizes[single_rows])
        for batches in ([rows[::-1]], small_batches(rows)):
            scores = np.concatenate(list(comparison.score_each(batches)))
            sizes = np.concatenate([np.full(len(batch), len(batch)) for batch in batches])
            index = np.concatenate(batches)
            comparison.reordered(index, scores, sample.raw[index], (sizes, sample.sizes[index]))


def _places_of_smallest(keys: np.ndarray, size: int) -> np.ndarray:
    """Return the places of the ``size`` smallest keys, rising; to sort all of a batch would take longer."""
    places = np.argpartition(keys, size)[:size] if size < len(keys) else np.arange(len(keys))
    return places[np.argsort(keys[places], kind="stable")]
