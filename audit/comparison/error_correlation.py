"""What two measurements of the same rows have in common: discordant rows, or the correlation of their errors."""

from __future__ import annotations

import numpy as np

from audit.stats.group_rates import rates
from audit.stats.influence import Influence, Shares, Trace
from audit.stats.methods import method_named
from audit.subject.subject import Subject

_PSEUDO_ROWS = 1.0
"""By how many of the rows that carry an estimate, or the difference, the correlation of two is shrunk.

Where hardly a row tells two models apart, their correlation on these rows is near 1, though they may differ on others.
"""


def discordant(ours: Trace | None, theirs: Trace | None, subject: Subject) -> dict[str, list[float]]:
    """Return for each proportion the rows that are an event of ours only, of theirs only, and all.

    They are effective counts under weights and clusters, as those of the proportions themselves. Empty where a
    denominator is not of the same rows, as that of a rate among the predicted.
    """
    if (
        not (isinstance(ours, Shares) and isinstance(theirs, Shares))
        or ours.rates.keys() != theirs.rates.keys()
    ):
        return {}
    found = {}
    for name, (within, event) in ours.rates.items():
        others, other = theirs.rates[name]
        if not np.array_equal(within, others):
            return {}
        found[name] = _counts(event[within], other[within], within, subject)
    return found


def _counts(event: np.ndarray, other: np.ndarray, within: np.ndarray, subject: Subject) -> list[float]:
    given = [None if part is None else part[within] for part in (subject.weights, subject.clusters)]
    everyone = np.zeros(len(event), np.int64)
    only, others = (rates(part, everyone, 1, *given).counts(0) for part in (event & ~other, other & ~event))
    return [only[0], others[0], only[1]]


def correlation(ours: Trace | None, theirs: Trace | None, method: str, subject: Subject) -> float | None:
    """Return the correlation of two estimates' errors, shrunk for few rows; None where a row's part is not known.

    Rows that belong together count as one.
    """
    found = [_influence(trace, method, subject) for trace in (ours, theirs)]
    if found[0] is None or found[1] is None or len(found[0].drawn) != len(found[1].drawn):
        return None
    a, b = (_together(part, subject.clusters) for part in found if part is not None)
    spread, other = float(a @ a), float(b @ b)
    if not (0.0 < spread * other < np.inf):
        return None
    rows = min(_carried(part) for part in (a, b, a - b))
    together = float(a @ b) / (spread * other) ** 0.5
    return float(np.clip(together, -1.0, 1.0)) * max(0.0, 1.0 - _PSEUDO_ROWS / rows)


def _together(found: Influence, clusters: np.ndarray | None) -> np.ndarray:
    """Return the values of what was drawn independently: rows or clusters of them, and the other draws."""
    rows = found.values if clusters is None else np.bincount(clusters, found.values)
    return np.concatenate([rows, found.drawn])


def _carried(values: np.ndarray) -> float:
    """Return how many equal values have as much weight in the variance: of a rare event about its number.

    Infinite where all are 0: they hold nothing back.
    """
    squares = values**2
    fourth = float(squares @ squares)
    return float(squares.sum()) ** 2 / fourth if fourth > 0.0 else np.inf


def _influence(trace: Trace | None, method: str, subject: Subject) -> Influence | None:
    """Return what each row moves the estimate by; shares move it through their own proportions."""
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
        part = weights[within] * (event[within] - means[name])
        total[within] += factors[name] / weights[within].sum() * part
    return Influence(total)
