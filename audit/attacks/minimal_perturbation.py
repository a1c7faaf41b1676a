"""Minimal perturbations: the smallest change found that still flips a row, and the columns that flip it alone."""

import numpy as np

from audit.attacks.batch import Batch

_HALVINGS = 12


class NotFlipped(ValueError):
    """Rows said to be flipped that the model decides as the unchanged ones: ``unflipped``, bool ``(rows,)``."""

    def __init__(self, unflipped: np.ndarray) -> None:
        super().__init__(f"{int(unflipped.sum()):,} of {len(unflipped):,} rows are not flipped")
        self.unflipped = unflipped


def shrink(batch: Batch, adversarial: np.ndarray) -> np.ndarray:
    """Return changes that still flip the rows, no value of which is further from ``x`` than in ``adversarial``.

    First choices that are not needed are restored, then columns, the one that changed least first; then the remaining
    change is halved towards ``x``. The result is small, and not proven to be the smallest there is.

    Args:
        batch: the unchanged rows.
        adversarial: the same rows as attacked, ``(rows, columns)``, all of them flipped.

    Raises:
        NotFlipped: a row of ``adversarial`` is not flipped: it never was, or the model is not deterministic.
    """
    if not len(batch.x):
        return adversarial.copy()
    flipped = batch.flips(adversarial)
    if not flipped.all():
        raise NotFlipped(~flipped)
    return nearest_to_start(batch, _restore_columns(batch, adversarial))


def _restore_columns(batch: Batch, adversarial: np.ndarray) -> np.ndarray:
    """Return the rows with each column at its original value that the flip does not need."""
    x = batch.x
    smallest = _restore_choices(batch, adversarial)
    change = np.abs(smallest.astype(np.float64) - x) / batch.threat_model.scale
    change = np.where((smallest != x) & batch.threat_model.movable, change, np.inf)
    change[~np.isfinite(change)] = np.inf  # a value that is not finite was never moved
    order = np.argsort(change, axis=1, kind="stable")
    rows = np.arange(len(x))
    for column in order.T[: int(np.isfinite(change).sum(1).max())]:
        candidates = smallest.copy()
        changed_rows = rows[
            np.isfinite(change[rows, column])
        ]  # a single column of a choice must not be restored
        candidates[changed_rows, column[changed_rows]] = x[changed_rows, column[changed_rows]]
        smallest = np.where(batch.flips(candidates)[:, None], candidates, smallest)
    return smallest


def _restore_choices(batch: Batch, adversarial: np.ndarray) -> np.ndarray:
    """Return the rows with each choice at its original category that the flip does not need."""
    smallest = adversarial.copy()
    for choice in batch.threat_model.choices:
        candidates = smallest.copy()
        candidates[:, choice] = batch.x[:, choice]
        smallest = np.where(batch.flips(candidates)[:, None], candidates, smallest)
    return smallest


def nearest_to_start(batch: Batch, adversarial: np.ndarray) -> np.ndarray:
    """Bisect the straight lines from the rows (not flipped) to ``adversarial`` (flipped), all at once.

    Returns:
        Flipped points ``(rows, columns)``, 1 / 4096 of the line away from points that are not.
    """
    nearest = adversarial.copy()
    low = np.zeros((len(nearest), 1))
    high = np.ones((len(nearest), 1))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        candidates = _between(batch, adversarial, middle)
        flipped = batch.flips(candidates)[:, None]
        nearest = np.where(flipped, candidates, nearest)
        low = np.where(flipped, low, middle)
        high = np.where(flipped, middle, high)
    return nearest


def _between(batch: Batch, adversarial: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the rows at ``share`` of the way to ``adversarial``, integer columns whole and choices made."""
    changed = (adversarial != batch.x) & ~batch.threat_model.in_choice
    start = np.where(changed, batch.x, 0)
    end = np.where(changed, adversarial, 0)
    point = start + share * (end.astype(np.float64) - start)
    point = np.where(batch.threat_model.integer, np.rint(point), point).astype(batch.x.dtype)
    point = np.clip(point, np.minimum(start, end), np.maximum(start, end))
    return np.where(changed, point, np.where(batch.threat_model.in_choice, adversarial, batch.x))


def flip_share_by_column(batch: Batch, adversarial: np.ndarray) -> np.ndarray:
    """Return for each column the share of the rows that flip when it alone takes its adversarial value.

    The columns of a choice take theirs together.

    Args:
        batch: the unchanged rows.
        adversarial: the same rows as attacked, ``(rows, columns)``.

    Returns:
        Shares ``(columns,)`` from 0 to 1, 0 for columns that do not change; NaN if there are no rows.
    """
    shares = np.zeros(batch.x.shape[1])
    if not len(batch.x):
        return np.full_like(shares, np.nan)
    single_columns = np.flatnonzero(batch.threat_model.movable)[:, None]
    for columns in (*single_columns, *batch.threat_model.choices):
        changed = np.flatnonzero((adversarial[:, columns] != batch.x[:, columns]).any(1))
        if len(changed):
            rows = batch.take(changed)
            candidates = rows.x.copy()
            candidates[:, columns] = adversarial[np.ix_(changed, columns)]
            shares[columns] = rows.flips(candidates).sum() / len(batch.x)
    return shares
