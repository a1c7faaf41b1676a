"""Test of whether several groups have one rate."""

import numpy as np


def homogeneity_p(events: np.ndarray, trials: np.ndarray) -> float:
    """Return the p-value of "all groups have the same rate", by the chi-squared statistic; 1 if it is undefined.

    Where groups are small, the statistic is not that of the chi-squared distribution: its variance over binomial
    counts is 2 + (1 / (p(1 - p)) - 6) / n for a group of n. A gamma distribution of the same mean and variance is
    taken, which is the chi-squared one in large groups.

    Args:
        events: float64, one a group.
        trials: float64, one a group; groups without any are left out.
    """
    from scipy.special import gammaincc  # not scipy.stats, which takes ten times as long to load

    present = trials > 0
    events = events[present]
    trials = trials[present]
    groups = len(trials)
    rate = events.sum() / trials.sum() if groups else 0.0
    spread = rate * (1.0 - rate)
    if groups < 2 or not spread > 0.0:
        return 1.0
    statistic = float((((events - trials * rate) ** 2) / (trials * spread)).sum())
    mean = groups - 1.0
    variance = float((2.0 + (1.0 / spread - 6.0) / trials).sum()) * mean / groups
    return float(gammaincc(mean**2 / variance, statistic / (variance / mean)))
