"""Exact limits of proportions, from which every interval of rates is built."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

_ROUNDING = 1e-9  # successes (or failures) below this are rounding of weighted sums, not observations


class Limits(NamedTuple):
    """An estimate between its lower and its upper limit: arrays, or scalars, that broadcast."""

    estimate: Reals
    low: Reals
    high: Reals


def clopper_pearson(successes: Reals, trials: Reals, tail: float | Reals) -> Limits:
    """Bound proportions by the two one-sided exact binomial tests of level ``tail``.

    Args:
        successes: k, shape (…), 0 <= k <= n; not necessarily integers (effective counts).
        trials: n > 0, shape (…).
        tail: error on each side, in (0, 0.5): 0.025 for a two-sided 95 %; one for all, or shape (…).

    Returns:
        k/n and its limits, each of shape (…), in [0, 1].

    Source: Clopper and Pearson, Biometrika 26 (1934), as quantiles of beta distributions, which
    carries over to counts that are not integers.
    """
    # imported here: it takes longer to load than everything else that deciding needs
    from scipy.special import betainccinv, betaincinv

    trials = np.asarray(trials, dtype=np.float64)
    successes = np.clip(np.asarray(successes, dtype=np.float64), 0.0, trials)
    failures = trials - successes
    successful = successes > _ROUNDING
    failed = failures > _ROUNDING
    estimate = successes / trials
    low = np.where(successful, betaincinv(np.where(successful, successes, 1.0), failures + 1.0, tail), 0.0)
    high = np.where(failed, betainccinv(successes + 1.0, np.where(failed, failures, 1.0), tail), 1.0)
    return Limits(estimate, np.minimum(low, estimate), np.maximum(high, estimate))
