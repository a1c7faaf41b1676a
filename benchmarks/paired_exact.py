"""Coverage of the interval of a paired difference of proportions, by exact enumeration of the discordant rows."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from audit.stats.paired_proportions import difference

SHARES = [
    0,
    0.001,
    0.002,
    0.003,
    0.004,
    0.005,
    0.008,
    0.01,
    0.015,
    0.02,
    0.03,
    0.05,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
]
SMALLEST = 1e-9  # of a binomial probability: what lies beyond is left out, and counted as not covered


def enumerate_pairs(rows: int) -> tuple[float, float, float]:
    """Return the lowest and the highest coverage at 95 %, and how often a limit on the truth passes at most."""
    covered, passed = [], []
    for p in SHARES:
        for q in SHARES:
            if p + q > 1:
                continue
            ours, theirs, weight = _outcomes(rows, p, q)
            limits, truth = difference([ours, theirs, np.full(len(ours), rows)], 0.025), p - q
            inside = (limits.low <= truth + 1e-12) & (truth - 1e-12 <= limits.high)
            covered.append(float(weight[inside].sum()))
            passed.append(float(weight[limits.low >= truth - 1e-12].sum()))
    return min(covered), max(covered), max(passed)


def _outcomes(rows: int, p: float, q: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the likely numbers of discordant rows of each kind, and their probability."""
    first = np.arange(rows + 1)
    first = first[binom.pmf(first, rows, p) > SMALLEST]
    found = []
    for ours in first:
        theirs = np.arange(rows - ours + 1)
        chance = binom.pmf(theirs, rows - ours, q / (1 - p) if p < 1 else 0.0)
        theirs, chance = theirs[chance > SMALLEST], chance[chance > SMALLEST]
        found.append((np.full(len(theirs), ours), theirs, chance * binom.pmf(ours, rows, p)))
    ours, theirs, weight = (np.concatenate(part) for part in zip(*found, strict=True))
    return ours, theirs, weight
