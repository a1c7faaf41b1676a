"""Compares two scorings of the same rows: whether they differ by more than rounding, and in which row."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from audit.errors import AuditError
from audit.model.determinism.precision import coarsest_eps, eps_of, random_operations
from audit.model.model import Model


class ScoreComparison:
    """Compares scores of the same rows, up to rounding.

    Sums come out in another order in a batch of another size, and what cancels in them is lost: up to about half of
    the digits, as the square root of eps says. Healthy networks stayed below a fiftieth of what is allowed here, and
    dropout and batch statistics of 16-bit networks beyond four times of it.
    """

    def __init__(self, model: Model, raw: np.ndarray, first_row: int) -> None:
        """Take the model, its scores of a batch ``(rows, width)``, and the number of its first row in the data."""
        self._model, self._dtype, self._first_row = model, raw.dtype, first_row
        values = raw.astype(np.float64)
        self._size = float(np.abs(values).max())
        self._spread = max(float(np.ptp(values)), self._size / 16)  # scores may hardly differ

    def repeated(self, rows: np.ndarray, once: np.ndarray, again: np.ndarray) -> None:
        """Raise an error if scores of one batch differ from call to call."""
        at = self._beyond_rounding(once, again)
        if at is not None:
            found = f"{self._row(rows, at)}: {once[at]:.6g}, and {again[at]:.6g} in the same batch again{self._drawn()}"
            raise self._error("the same score for the same row, whenever it is scored", found)

    def shared(self, rows: np.ndarray, alone: np.ndarray, among: np.ndarray, size: int) -> None:
        """Raise an error if scores of rows alone differ from those in a batch of ``size`` rows."""
        at = self._beyond_rounding(alone, among)
        if at is not None:
            found = f"{self._row(rows, at)}: {alone[at]:.6g} alone, {among[at]:.6g} in a batch of {size:,}"
            raise self._error("the same score for the same row, alone or among others", found)

    def moved(self, rows: np.ndarray, one: np.ndarray, other: np.ndarray, sizes: tuple[int, int]) -> None:
        """Raise an error if scores differ between batches of ``sizes`` rows, in which they come in another order."""
        at = self._beyond_rounding(one, other)
        if at is not None:
            among = f"{one[at]:.6g} in a batch of {sizes[0]:,}, {other[at]:.6g} in one of {sizes[1]:,}"
            found = f"{self._row(rows, at)}: {among} in another order{self._drawn()}"
            raise self._error("the same score for the same row, in whichever batch and place", found)

    def _drawn(self) -> str:
        drawn = random_operations(self._model.signature.function)
        return f" (the graph draws random numbers: {', '.join(drawn)})" if drawn else ""

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
        """Scores may be wider than what they are computed from; to see that, the whole graph is read."""
        return coarsest_eps(self._model.signature.function)

    def _rounding(self, eps: float) -> float:
        return float(np.sqrt(eps) / 4 * self._spread + eps * self._size)

    def _row(self, rows: np.ndarray, at: tuple[int, int]) -> str:
        column = f", column {at[1] + 1}" if self._model.width > 1 else ""
        return f"row {self._first_row + rows[at[0]]:,}{column}"

    def _error(self, expected: str, found: str) -> AuditError:
        where = f"{self._model.where}: output {self._model.output!r}"
        return AuditError(
            where=where,
            expected=expected,
            found=found,
            fix="export the model in inference mode (training=False): dropout, sampling and the statistics of a batch "
            "belong to training",
        )
