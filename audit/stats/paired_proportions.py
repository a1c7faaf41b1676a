"""Limits of the difference of two models' proportions on the same rows, from the rows on which they differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from audit.stats.proportions import Limits, Reals, clopper_pearson


def difference(pairs: Sequence[float | Reals], tail: float) -> Limits:
    """Bound the candidate's proportion minus the baseline's.

    Both shares of discordant rows have their exact limits, and MOVER combines them with the correlation that two
    cells of one multinomial have. Where no row is discordant the limits are those of shares of which none was seen,
    some 3.7 rows in all at 95 %: two models that decide these rows alike need not decide the next ones alike.

    Args:
        pairs: rows that are an event of the candidate only, of the baseline only, and all (above 0); they may be
            arrays, which broadcast together.
        tail: error on each side, in (0, 0.5).

    Returns:
        The difference and its limits, in [-1, 1].

    Source: Zou and Donner, Statistics in Medicine 27 (2008); with a correlation Zou, Psychological Methods 12 (2007).
    """
    only, others, rows = (np.asarray(part, np.float64) for part in pairs)
    ours, theirs = clopper_pearson(only, rows, tail), clopper_pearson(others, rows, tail)
    p, q = ours.estimate, theirs.estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        together = -np.sqrt(np.nan_to_num(p * q / ((1.0 - p) * (1.0 - q))))
    below = apart(p - ours.low, theirs.high - q, together)
    above = apart(ours.high - p, q - theirs.low, together)
    estimate = np.asarray(p - q)
    return Limits(estimate, np.maximum(estimate - below, -1.0), np.minimum(estimate + above, 1.0))


def combined(weights: Mapping[str, float], parts: Mapping[str, Limits]) -> Limits:
    """Combine differences of proportions of different rows to ``sum(weight * difference)`` by MOVER."""
    terms = [(weight, parts[name]) for name, weight in weights.items()]
    estimate = np.asarray(sum(weight * part.estimate for weight, part in terms))
    ends = [[weight * (end - p.estimate) for end in (p.low, p.high)] for weight, p in terms]
    below, above = (np.sqrt(sum(pick(pair) ** 2 for pair in ends)) for pick in (min, max))
    return Limits(estimate, estimate - below, estimate + above)


def apart(own: Reals, other: Reals, together: Reals) -> Reals:
    """Return how far a difference may be off when its parts may be off by ``own`` and ``other``, so correlated."""
    with np.errstate(invalid="ignore"):
        found = np.sqrt(np.maximum(own**2 + other**2 - 2.0 * together * own * other, 0.0))
    return np.asarray(np.where(np.isinf(own) | np.isinf(other), np.inf, found))


def ratio_correlation(
    ours: Mapping[str, Sequence[float]],
    theirs: Mapping[str, Sequence[float]],
    pairs: Mapping[str, Sequence[float]],
) -> float:
    """Return the correlation of the errors of two ratios of the same proportions, by the delta method.

    Every proportion is taken as if one more row each way were discordant: few rows tell nothing of a correlation of 1.

    Args:
        ours: [events, rows] of ``unprivileged`` and ``privileged`` for the candidate.
        theirs: the same for the baseline.
        pairs: what `difference` takes, by the same names.
    """
    together = spread = other = 0.0
    for name, (only, others, rows) in pairs.items():
        rate, reference = ((counts[name][0] + 0.5) / (rows + 1.0) for counts in (ours, theirs))
        own, its = (1.0 - share for share in (rate, reference))
        apart_by = (only + others + 2.0 - (only - others) ** 2 / rows) / rows
        common = (rate * own + reference * its - apart_by) / 2.0
        together += common / (rate * reference) / rows
        spread, other = spread + own / rate / rows, other + its / reference / rows
    return float(np.clip(together / (spread * other) ** 0.5, -1.0, 1.0))


def weights_of(method: str, names: Collection[str]) -> dict[str, float] | None:
    """Return what a method multiplies each proportion in ``counts`` by before it adds them; None if it does not."""
    if method == "clopper-pearson":
        return dict.fromkeys(names, 1.0)
    if method == "mover-difference":
        return {name: 1.0 if name == "unprivileged" else -1.0 for name in names}
    if method == "mover-mean":
        return dict.fromkeys(names, 1.0 / len(names))
    if method == "average-odds-difference":
        return {name: 0.5 if name.startswith("unprivileged") else -0.5 for name in names}
    return None
