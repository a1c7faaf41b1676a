"""What a flip needed: the smallest change found on the way back, and what each column does alone."""

from __future__ import annotations

import numpy as np

from audit.attacks.threat_model import ClassifyFunction, ThreatModel

_HALVINGS = 12


class NotFlipped(ValueError):
    """The judge decides some rows, which were flipped, as it decided the unchanged ones: ``back``, bool ``(rows,)``."""

    def __init__(self, back: np.ndarray) -> None:
        super().__init__(f"{int(back.sum()):,} of {len(back):,} rows are not flipped")
        self.back = back


def shrink(
    judge: ClassifyFunction, x: np.ndarray, moved: np.ndarray, classes: np.ndarray, space: ThreatModel
) -> np.ndarray:
    """Return changes that still flip the rows, no value of which is further from ``x`` than in ``moved``.

    First the columns that are not needed go back, the one that changed least first; then what is left
    is halved towards ``x``. The result is small, and not proven to be the smallest there is.

    Args:
        judge: the audited model.
        x: the unchanged rows ``(rows, columns)``.
        moved: the same rows as attacked; the judge decides otherwise for every one of them.
        classes: what the judge decides for ``x``, int ``(rows,)``.
        space: where the attack could move.

    Raises:
        NotFlipped: a row of ``moved`` is not flipped: it never was, or the judge does not always decide it alike.
    """
    if not len(x):
        return moved.copy()
    back = judge(moved) == classes
    if back.any():
        raise NotFlipped(back)
    needed = _without_needless_columns(judge, x, moved, classes, space)
    return nearest_to_start(judge, x, needed, classes, space)


def _without_needless_columns(
    judge: ClassifyFunction, x: np.ndarray, moved: np.ndarray, classes: np.ndarray, space: ThreatModel
) -> np.ndarray:
    size = np.where(moved != x, np.abs(moved.astype(np.float64) - x) / space.scale, np.inf)
    size[~np.isfinite(size)] = np.inf  # a value that is not finite was never moved
    order = np.argsort(size, axis=1, kind="stable")
    best = moved.copy()
    for column in order.T[: int(np.isfinite(size).sum(1).max())]:
        tried, row = best.copy(), np.arange(len(x))
        tried[row, column] = x[row, column]
        best = np.where((judge(tried) != classes)[:, None], tried, best)
    return best


def nearest_to_start(
    judge: ClassifyFunction, x: np.ndarray, moved: np.ndarray, classes: np.ndarray, space: ThreatModel
) -> np.ndarray:
    """Bisect the straight line from ``x`` (not flipped) to ``moved`` (flipped), all rows at once.

    Returns:
        Points ``(rows, columns)`` that are flipped, beside ones that are not: 1 / 4096 of the line away from these.
    """
    best = moved.copy()
    near, far = np.zeros((len(x), 1)), np.ones((len(x), 1))
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        tried = _between(x, moved, middle, space)
        flipped = (judge(tried) != classes)[:, None]
        best, near, far = (
            np.where(flipped, tried, best),
            np.where(flipped, near, middle),
            np.where(flipped, middle, far),
        )
    return best


def _between(x: np.ndarray, moved: np.ndarray, share: np.ndarray, space: ThreatModel) -> np.ndarray:
    """Return the rows at ``share`` of the way from ``x`` to ``moved``, integer columns whole."""
    changed = moved != x
    start, end = np.where(changed, x, 0), np.where(changed, moved, 0)
    there = start + share * (end.astype(np.float64) - start)
    there = np.where(space.integer, np.rint(there), there).astype(x.dtype)
    return np.where(changed, np.clip(there, np.minimum(start, end), np.maximum(start, end)), x)


def alone(
    judge: ClassifyFunction, x: np.ndarray, moved: np.ndarray, classes: np.ndarray, space: ThreatModel
) -> np.ndarray:
    """Return for each column the share of the rows that flip when it alone takes its attacked value.

    Args:
        judge: the audited model.
        x: the unchanged rows ``(rows, columns)``.
        moved: the same rows as attacked.
        classes: what the judge decides for ``x``, int ``(rows,)``.
        space: where the attack could move; a column that is not movable has a share of 0.

    Returns:
        Shares ``(columns,)`` from 0 to 1; NaN if there are no rows.
    """
    if not len(x):
        return np.full(x.shape[1], np.nan)
    shares = np.zeros(x.shape[1])
    for column in np.flatnonzero(space.movable):
        changed = np.flatnonzero(moved[:, column] != x[:, column])
        if len(changed):
            tried = x[changed]
            tried[:, column] = moved[changed, column]
            shares[column] = (judge(tried) != classes[changed]).sum() / len(x)
    return shares
