"""Limits of the largest of several estimates: wider below than those of any one, since it was chosen for its size."""

from __future__ import annotations

import math
from collections.abc import Sequence


def largest(
    values: Sequence[float], errors: Sequence[float], number: int, rows: float, tail: float
) -> tuple[float, float] | None:
    """Bound the greatest of ``number`` true values by Student's limits.

    The upper limit is the greatest upper limit: one of the true values is the greatest, and its own estimate lies
    above all but ``tail`` of the time. The lower limit is that of the greatest estimate at ``tail / number``
    (Bonferroni), since any of them may have come out too great and been chosen.

    Args:
        values: estimates, the greatest first; those that `contenders` leaves out may be missing.
        errors: their standard errors.
        number: how many estimates there were.
        rows: independent observations behind each.
        tail: error on each side, in (0, 0.5).

    Returns:
        None for less than two observations, or where an error is not known.
    """
    from scipy.special import stdtrit

    if not (rows > 1.0 and values and all(math.isfinite(part) for part in (*values, *errors))):
        return None
    reach, chosen = (-float(stdtrit(rows - 1.0, part)) for part in (tail, tail / number))
    upper = max(value + reach * error for value, error in zip(values, errors, strict=True))
    return values[0] - chosen * errors[0], upper


def contenders(values: Sequence[float], errors: Sequence[float]) -> list[int]:
    """Return, by falling value, which estimates can have the greatest upper limit: no greater one errs as much."""
    found = list[int]()
    for place in sorted(range(len(values)), key=lambda place: -values[place]):
        if not found or errors[place] > errors[found[-1]]:
            found.append(place)
    return found
