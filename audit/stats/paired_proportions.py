"""Limits of the difference of two models' proportions on the same rows, from the discordant rows."""

from collections.abc import Mapping, Sequence

import numpy as np

from audit.stats.proportions import Limits, Reals, clopper_pearson


def difference(pairs: Sequence[float | Reals], tail: float) -> Limits:
    """Bound the candidate's proportion minus the baseline's.

    Both shares of discordant rows have their exact limits, and MOVER combines them with the correlation that two
    cells of one multinomial have. Where no row is discordant the limits are those of shares of which none was seen,
    some 3.7 rows in all at 95 %: two models that decide these rows alike need not decide the next ones alike.

    Args:
        pairs: numbers of rows that are an event of the candidate only, of the baseline only, and of all rows (above
            0); they may be arrays, which broadcast together.
        tail: error on each side, in (0, 0.5).

    Returns:
        The difference and its limits, in [-1, 1].

    Source: Zou and Donner, Statistics in Medicine 27 (2008); with a correlation Zou, Psychological Methods 12 (2007).
    """
    candidate_only, baseline_only, rows = (np.asarray(part, np.float64) for part in pairs)
    p, p_low, p_high = clopper_pearson(candidate_only, rows, tail)
    q, q_low, q_high = clopper_pearson(baseline_only, rows, tail)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = -np.sqrt(np.nan_to_num(p * q / ((1.0 - p) * (1.0 - q))))
    below = difference_margin(p - p_low, q_high - q, correlation)
    above = difference_margin(p_high - p, q - q_low, correlation)
    estimate = np.asarray(p - q)
    return Limits(estimate, np.maximum(estimate - below, -1.0), np.minimum(estimate + above, 1.0))


def combined(weights: Mapping[str, float], parts: Mapping[str, Limits]) -> Limits:
    """Combine differences of proportions of different rows to ``sum(weight * difference)`` by MOVER."""
    terms = [(weight, parts[name]) for name, weight in weights.items()]
    estimate = np.asarray(sum(weight * part.estimate for weight, part in terms))
    ends = [[weight * (end - p.estimate) for end in (p.low, p.high)] for weight, p in terms]
    below, above = (np.sqrt(sum(pick(pair) ** 2 for pair in ends)) for pick in (min, max))
    return Limits(estimate, estimate - below, estimate + above)


def difference_margin(one: Reals, other: Reals, correlation: Reals) -> Reals:
    """Return the margin of error of a difference, from the margins of both terms and their correlation."""
    with np.errstate(invalid="ignore"):
        margin = np.sqrt(np.maximum(one**2 + other**2 - 2.0 * correlation * one * other, 0.0))
    return np.asarray(np.where(np.isinf(one) | np.isinf(other), np.inf, margin))


def ratio_correlation(
    candidate: Mapping[str, Sequence[float]],
    baseline: Mapping[str, Sequence[float]],
    pairs: Mapping[str, Sequence[float]],
) -> float:
    """Return the correlation of the errors of two ratios of the same proportions, by the delta method.

    Every proportion is taken as if one more row each way were discordant: few rows are no evidence of a correlation
    of 1.

    Each model has [events, rows] of ``unprivileged`` and ``privileged``; ``pairs`` are the argument of `difference`.
    """
    covariance = variance = baseline_variance = 0.0
    for name, (candidate_only, baseline_only, rows) in pairs.items():
        p, q = ((counts[name][0] + 0.5) / (rows + 1.0) for counts in (candidate, baseline))
        discordance = candidate_only + baseline_only + 2.0 - (candidate_only - baseline_only) ** 2 / rows
        joint = (p * (1.0 - p) + q * (1.0 - q) - discordance / rows) / 2.0
        covariance += joint / (p * q) / rows
        variance += (1.0 - p) / p / rows
        baseline_variance += (1.0 - q) / q / rows
    return float(np.clip(covariance / (variance * baseline_variance) ** 0.5, -1.0, 1.0))
