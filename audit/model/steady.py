"""Refuses a model whose score of a row is not the row's own: it hangs on chance, or on the other rows of a batch.

A model that was exported in training mode scores all the same. Dropout then draws anew in every call, and batch
normalization measures a row against its neighbours: what an audit measures would be neither what was trained nor
what is served. Nor would it be where scoring itself changes the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any

import numpy as np

from audit.errors import AuditError
from audit.model.framework import tensorflow
from audit.model.model import Model
from audit.model.precision import coarsest_eps, eps_of, random_operations
from audit.model.writes import writing_operations

_TOGETHER, _ALONE = 64, 16
_AGAIN, _AGAIN_LARGE, _LARGE = 4096, 256, 10_000
"""Rows that are all scored again, fewer where a row has more than ``_LARGE`` numbers: a pass must stay cheap."""
_PARTS = (2, 7, 33, 130)
"""Sizes of batches, in turn. Few, as a model may be compiled anew for each; odd ones move a row to another place."""


def require_steady(model: Model, tensors: Mapping[str, Any], raw: np.ndarray, first_row: int = 1) -> None:
    """Score sampled rows twice, in a smaller batch and alone, then all rows of some thousand again, and compare.

    What makes a score unsteady may touch rare rows only, or batches of some sizes: the rows are scored again in
    reverse and in parts of several sizes.

    Args:
        model: what is audited.
        tensors: what it is fed: tensors by name, all of as many rows.
        raw: its scores of them all in one batch, ``(rows, width)``.
        first_row: the number of the first of them in the data, for messages.

    Raises:
        AuditError: a row's scores differ by more than rounding, a row alone has none, or scoring changes the model.
    """
    compare = _Comparison(model, raw, first_row)
    _compare_sample(model, tensors, raw, compare, first_row)
    _compare_all(model, tensors, raw, compare, first_row)
    _require_unchanged(model)


def _compare_sample(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, compare: _Comparison, first_row: int
) -> None:
    rows = np.unique(np.linspace(0, len(raw) - 1, _TOGETHER).astype(int))
    few = np.unique(np.linspace(0, len(rows) - 1, _ALONE).astype(int))
    batch = _take(tensors, rows)
    together = model(batch, first_row)
    compare.repeated(rows, together, model(batch, first_row))
    alone = np.concatenate([_alone(model, tensors, row, first_row) for row in rows[few]])
    compare.shared(rows[few], alone, together[few], len(rows))
    compare.shared(rows[few], alone, raw[rows[few]], len(raw))


def _compare_all(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, compare: _Comparison, first_row: int
) -> None:
    """Compare the scores of all rows, up to a number, with those in a batch in reverse, and in small batches."""
    numbers = sum(tensor.shape[1:].num_elements() or 1 for tensor in tensors.values())
    most = _AGAIN if numbers <= _LARGE else _AGAIN_LARGE
    rows = np.unique(np.linspace(0, len(raw) - 1, most).astype(int))[::-1]
    compare.moved(rows, model(_take(tensors, rows), first_row), raw[rows], (len(rows), len(raw)))
    for start, stop in _parts(len(rows)):
        part = rows[start:stop]
        scores = model(_take(tensors, part), first_row)
        compare.moved(part, scores, raw[part], (len(part), len(raw)))


def _parts(rows: int) -> Iterator[tuple[int, int]]:
    """Yield where parts of `_PARTS` rows start and stop, in turn, until all ``rows`` are in one."""
    start = 0
    for size in cycle(_PARTS):
        if start >= rows:
            return
        yield start, min(start + size, rows)
        start += size


def _require_unchanged(model: Model) -> None:
    """Refuse what writes variables: how its scores change, and when, no number of rows could tell."""
    if writes := writing_operations(model.signature.function):
        raise AuditError(
            where=f"{model.where}: output {model.output!r}",
            expected="scores that do not change the model",
            found=f"the signature writes its variables or tables: {', '.join(writes)}",
            fix="export a signature that only reads them, in inference mode (training=False)",
        )


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
