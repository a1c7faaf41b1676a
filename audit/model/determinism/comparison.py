"""Comparison of two scorings of the same rows, up to rounding."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from audit.errors import AuditError
from audit.model.determinism.precision import coarsest_eps, eps_of, random_operations
from audit.model.model import Model


class ScoreComparison:
    """Raises an error where scores of the same rows differ by more than rounding.

    Sums are computed in another order in a batch of another size, and what cancels in them is lost: up to about half
    of the digits, hence the square root of eps. Healthy networks stayed below a fiftieth of what is allowed here, and
    dropout and batch statistics of 16-bit networks beyond four times of it.
    """

    def __init__(self, model: Model, raw: np.ndarray, first_row: int) -> None:
        """Take the model, its scores of a batch ``(rows, width)``, and the number of its first row in the data."""
        self._model = model
        self._dtype = raw.dtype
        self._first_row = first_row
        values = raw.astype(np.float64)
        self._largest = float(np.abs(values).max())
        self._range = max(float(np.ptp(values)), self._largest / 16)  # scores may hardly differ

    def repeated(self, rows: np.ndarray, once: np.ndarray, again: np.ndarray) -> None:
        """Raise an error if scores of one batch differ from call to call."""
        at = self._beyond_rounding(once, again)
        if at is not None:
            scores = f"{once[at]:.6g}, and {again[at]:.6g} in the same batch again{self._random()}"
            raise self._error("the same score for the same row, whenever it is scored", rows, at, scores)

    def single(self, rows: np.ndarray, single: np.ndarray, batched: np.ndarray, size: int) -> None:
        """Raise an error if scores of single rows differ from those in a batch of ``size`` rows."""
        at = self._beyond_rounding(single, batched)
        if at is not None:
            scores = f"{single[at]:.6g} alone, {batched[at]:.6g} in a batch of {size:,}"
            raise self._error("the same score for the same row, alone or among others", rows, at, scores)

    def reordered(self, rows: np.ndarray, one: np.ndarray, other: np.ndarray, sizes: tuple[int, int]) -> None:
        """Raise an error if scores differ between batches of ``sizes`` rows, with the rows in another order."""
        at = self._beyond_rounding(one, other)
        if at is not None:
            scores = f"{one[at]:.6g} in a batch of {sizes[0]:,}, {other[at]:.6g} in one of {sizes[1]:,}"
            scores += f" in another order{self._random()}"
            raise self._error(
                "the same score for the same row, in whichever batch and place", rows, at, scores
            )

    def _random(self) -> str:
        operations = random_operations(self._model.signature.function)
        return f" (the graph draws random numbers: {', '.join(operations)})" if operations else ""

    def _beyond_rounding(self, one: np.ndarray, other: np.ndarray) -> tuple[int, int] | None:
        """Return row and column of the largest difference, None if it is rounding."""
        difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
        row, column = np.unravel_index(difference.argmax(), difference.shape)
        largest = difference[row, column]
        if largest <= self._rounding(eps_of(self._dtype.name)) or largest <= self._rounding(self._coarsest):
            return None
        return int(row), int(column)

    @cached_property
    def _coarsest(self) -> float:
        """The largest eps in the whole graph: scores may be of a finer type than what they are computed from."""
        return coarsest_eps(self._model.signature.function)

    def _rounding(self, eps: float) -> float:
        return float(np.sqrt(eps) / 4 * self._range + eps * self._largest)

    def _error(self, expected: str, rows: np.ndarray, at: tuple[int, int], scores: str) -> AuditError:
        column = f", column {at[1] + 1}" if self._model.width > 1 else ""
        return AuditError(
            where=f"{self._model.where}: output {self._model.output!r}",
            expected=expected,
            found=f"row {self._first_row + rows[at[0]]:,}{column}: {scores}",
            fix="export the model in inference mode (training=False): dropout, sampling and the statistics of a batch "
            "belong to training",
        )
