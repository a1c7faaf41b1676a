"""Refuses a model whose score of a row is not the row's own: it hangs on chance, or on the other rows of a batch.

A model that was exported in training mode scores all the same. Dropout then draws anew in every call, and batch
normalization measures a row against its neighbours: what an audit measures would be neither what was trained nor
what is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.errors import AuditError
from audit.model.framework import tensorflow
from audit.model.model import Model
from audit.model.precision import coarsest_eps, eps_of, random_operations

_TOGETHER, _ALONE = 64, 16


def require_steady(model: Model, tensors: Mapping[str, Any], raw: np.ndarray, first_row: int = 1) -> None:
    """Score sampled rows twice, in a smaller batch and alone, and compare.

    Args:
        model: what is audited.
        tensors: what it is fed: tensors by name, all of as many rows.
        raw: its scores of them all in one batch, ``(rows, width)``.
        first_row: the number of the first of them in the data, for messages.

    Raises:
        AuditError: a row's scores differ by more than rounding, or a row alone has none.
    """
    rows = np.unique(np.linspace(0, len(raw) - 1, _TOGETHER).astype(int))
    few = np.unique(np.linspace(0, len(rows) - 1, _ALONE).astype(int))
    batch, compare = _take(tensors, rows), _Comparison(model, raw, first_row)
    together = model(batch, first_row)
    compare.repeated(rows, together, model(batch, first_row))
    alone = np.concatenate([_alone(model, tensors, row, first_row) for row in rows[few]])
    compare.shared(rows[few], alone, together[few], len(rows))
    compare.shared(rows[few], alone, raw[rows[few]], len(raw))


class _Comparison:
    """Compares scores of the same rows, up to rounding.

    Sums come out in another order in a batch of another size, and what cancels in them is lost: up to about half of
    the digits, as the square root of eps says. Healthy networks stayed below a fiftieth of what is allowed here, and
    dropout and batch statistics of 16-bit networks beyond four times of it.
    """

    def __init__(self, model: Model, raw: np.ndarray, first_row: int) -> None:
        self._model, self._dtype, self._first_row = model, raw.dtype, first_row
        values = raw.astype(np.float64)
        self._size = float(np.abs(values).max())
        self._spread = max(float(np.ptp(values)), self._size / 16)  # scores may hardly differ

    def repeated(self, rows: np.ndarray, once: np.ndarray, again: np.ndarray) -> None:
        """Raise an error if scores of one batch differ from call to call."""
        at = self._beyond_rounding(once, again)
        if at is not None:
            drawn = random_operations(self._model.signature.function)
            random = f" (the graph draws random numbers: {', '.join(drawn)})" if drawn else ""
            found = (
                f"{self._row(rows, at)}: {once[at]:.6g}, and {again[at]:.6g} in the same batch again{random}"
            )
            raise self._error("the same score for the same row, whenever it is scored", found)

    def shared(self, rows: np.ndarray, alone: np.ndarray, among: np.ndarray, size: int) -> None:
        """Raise an error if scores of rows alone differ from those in a batch of ``size`` rows."""
        at = self._beyond_rounding(alone, among)
        if at is not None:
            found = f"{self._row(rows, at)}: {alone[at]:.6g} alone, {among[at]:.6g} in a batch of {size:,}"
            raise self._error("the same score for the same row, alone or among others", found)

    def _beyond_rounding(self, one: np.ndarray, other: np.ndarray) -> tuple[int, int] | None:
        """Return row and column of the largest difference, None if it is rounding."""
        difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
        row, column = np.unravel_index(difference.argmax(), difference.shape)
        largest = difference[row, column]
        if largest <= self._rounding(eps_of(self._dtype.name)):
            return None
        if largest <= self._rounding(
            coarsest_eps(self._model.signature.function)
        ):  # scores may be wider than the rest
            return None
        return int(row), int(column)

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


def _take(tensors: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any]:
    return {name: tensorflow().gather(tensor, rows) for name, tensor in tensors.items()}


def _alone(model: Model, tensors: Mapping[str, Any], row: int, first_row: int) -> np.ndarray:
    try:
        return model(_take(tensors, np.array([row])), first_row + row)
    except AuditError as error:
        raise AuditError(
            where=error.where,
            expected=f"a score for row {first_row + row:,} alone, as in a batch of several rows",
            found=error.found,
            fix="export a signature that takes any number of rows, one as well",
        ) from error
