"""Dependence between the candidate's and the baseline's estimates on the same rows.

McNemar counts for proportions, the correlation of influence functions otherwise.
"""

from collections.abc import Mapping

import numpy as np

from audit.stats.discordance import discordant_rows
from audit.stats.group_rates import rates
from audit.stats.influence import Influence, Shares, Trace
from audit.stats.methods import method_named
from audit.subject.subject import Subject

_PSEUDO_ROWS = 1.0
"""By how many of the rows that carry an estimate, or the difference, the correlation of two is shrunk.

Where hardly a row tells two models apart, their correlation on these rows is near 1, though they may differ on others.
"""


def require_counts(trace: Trace | None, counts: Mapping[str, list[float]], subject: Subject) -> None:
    """Raise a ValueError if the shares of a trace are not those that the counts of its measurement are of."""
    for name, (within, event) in trace.rates.items() if isinstance(trace, Shares) else ():
        traced = rates(
            event[within], np.zeros(int(within.sum()), np.int64), 1, *_given(within, subject)
        ).counts(0)
        events, trials = counts.get(name, [np.nan, np.nan])
        # a metric may leave its proportions fewer effective trials than each has by itself
        if not (trials <= traced[1] * (1.0 + 1e-6) and np.isclose(events * traced[1], traced[0] * trials)):
            raise ValueError(f"the trace counts {traced} in {name!r}, the measurement {counts.get(name)}")


def discordant_counts(
    candidate: Trace | None, baseline: Trace | None, subject: Subject
) -> dict[str, list[float]]:
    """Return for each proportion [events of the candidate only, events of the baseline only, rows].

    They are effective counts under weights and clusters, as those of the proportions themselves. Empty where a
    denominator is not of the same rows, as that of a rate among the predicted.
    """
    if not (isinstance(candidate, Shares) and isinstance(baseline, Shares)):
        return {}
    if candidate.rates.keys() != baseline.rates.keys():
        return {}
    counts = {}
    for name, (within, event) in candidate.rates.items():
        baseline_within, baseline_event = baseline.rates[name]
        if not np.array_equal(within, baseline_within):
            return {}
        counts[name] = discordant_rows(event[within], baseline_event[within], *_given(within, subject))
    return counts


def _given(within: np.ndarray, subject: Subject) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the weights and the clusters, if any, of the rows that are ``within``."""
    weights = None if subject.weights is None else subject.weights[within]
    clusters = None if subject.clusters is None else subject.clusters[within]
    return weights, clusters


def error_correlation(
    candidate: Trace | None, baseline: Trace | None, method: str, subject: Subject
) -> float | None:
    """Return the correlation of two estimates' errors, shrunk for few rows; None if a row's influence is unknown.

    Rows of one cluster count as one.
    """
    one = _influence(candidate, method, subject)
    other = _influence(baseline, method, subject)
    if one is None or other is None or len(one.drawn) != len(other.drawn):
        return None
    a, b = (_independent(influence, subject.clusters) for influence in (one, other))
    product = float(a @ a) * float(b @ b)
    if not (0.0 < product < np.inf):
        return None
    rows = min(_equal_rows(values) for values in (a, b, a - b))
    correlation = float(a @ b) / product**0.5
    return float(np.clip(correlation, -1.0, 1.0)) * max(0.0, 1.0 - _PSEUDO_ROWS / rows)


def _independent(influence: Influence, clusters: np.ndarray | None) -> np.ndarray:
    """Return the values of independent draws: rows or clusters of them, and other draws such as reference rows."""
    rows = influence.values if clusters is None else np.bincount(clusters, influence.values)
    return np.concatenate([rows, influence.drawn])


def _equal_rows(values: np.ndarray) -> float:
    """Return the number of equal values with the same variance of the variance: of a rare event about its number.

    Infinite where all are 0, so that they do not shrink the correlation.
    """
    squares = values**2
    fourth = float(squares @ squares)
    return float(squares.sum()) ** 2 / fourth if fourth > 0.0 else np.inf


def _influence(trace: Trace | None, method: str, subject: Subject) -> Influence | None:
    """Return the influence function of an estimate; that of shares by the metric's derivatives."""
    if not isinstance(trace, Shares):
        return trace
    weights = np.ones(subject.rows) if subject.weights is None else subject.weights
    means = {name: np.average(event[within], weights=weights[within]) if weights[within].any() else np.nan
             for name, (within, event) in trace.rates.items()}  # fmt: skip
    factors = method_named(method).pairing.factors(means)
    if factors is None:
        return None
    total = np.zeros(subject.rows)
    for name, (within, event) in trace.rates.items():
        deviations = weights[within] * (event[within] - means[name])
        total[within] += factors[name] / weights[within].sum() * deviations
    return Influence(total)
