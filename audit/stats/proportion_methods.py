"""Interval methods of metrics that are functions of proportions."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from audit.result import Measurement
from audit.stats.average_odds import (
    REFERENCE_TAIL,
    Rates,
    average_abs_odds,
    average_odds,
    equalized_odds,
    shared_tail,
)
from audit.stats.interval_method import (
    PROPORTIONS,
    UNPAIRED,
    Batch,
    BestCase,
    Interval,
    IntervalMethod,
    Pairing,
    Spans,
    Weights,
    two_sided,
)
from audit.stats.mover import linear, ratio
from audit.stats.paired_proportions import ratio_correlation
from audit.stats.proportions import Limits, Reals, clopper_pearson


def of_proportions(
    combine: Callable[..., Limits], tails: Callable[[float], tuple[float, ...]] = lambda tail: (tail,)
) -> Batch:
    """Make the method that combines the exact limits of all proportions in ``counts``.

    Args:
        combine: from the limits of the proportions, by name, to those of the metric; one argument for each error.
        tails: errors on each side at which the proportions are bounded, given that of the whole interval.
    """

    def batch(measurements: Sequence[Measurement], confidence: float) -> Spans:
        spans = np.full((len(measurements), 2), np.nan)
        indices_by_names: dict[tuple[str, ...], list[int]] = {}
        for index, measurement in enumerate(measurements):
            if measurement.counts and all(row[1] > 0 for row in measurement.counts.values()):
                indices_by_names.setdefault(tuple(measurement.counts), []).append(index)
        for names, indices in indices_by_names.items():
            cells = np.array([list(measurements[index].counts.values()) for index in indices], np.float64)
            limits = combine(*(_limits(names, cells, tail) for tail in tails((1.0 - confidence) / 2.0)))
            spans[indices] = np.stack([limits.low, limits.high], axis=-1)
        return spans

    return batch


def _limits(names: Sequence[str], cells: Reals, tail: float) -> Rates:
    """Bound proportions from ``cells``, [events, trials] of shape (measurements, names, 2)."""
    limits = clopper_pearson(cells[..., 0].T, cells[..., 1].T, tail)
    return {name: Limits(*row) for name, *row in zip(names, *limits, strict=True)}


def _difference(rates: Rates) -> Limits:
    return linear([(1.0, rates["unprivileged"]), (-1.0, rates["privileged"])])


def _ratio(rates: Rates) -> Limits:
    return ratio(rates["unprivileged"], rates["privileged"])


def _mean(rates: Rates) -> Limits:
    return linear([(1.0 / len(rates), limits) for limits in rates.values()])


def _at_share(measurement: Measurement, value: float) -> Measurement:
    counts = {name: [value * rows, rows] for name, (_, rows) in measurement.counts.items()}
    return replace(measurement, value=value, counts=counts)


def _at_equal_rates(measurement: Measurement, value: float) -> Measurement:
    """Return the measurement of two groups that both have the rate of all their rows."""
    rates = pooled_rates(measurement.counts)
    counts = {name: [rates[_rate_of(name)] * rows, rows] for name, (_, rows) in measurement.counts.items()}
    return replace(measurement, value=value, counts=counts)


def pooled_rates(counts: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return each rate of two groups together, by its name without the group's."""
    rates = {}
    for rate in map(_rate_of, counts):
        rows = [row for name, row in counts.items() if _rate_of(name) == rate]
        rates[rate] = sum(events for events, _ in rows) / sum(trials for _, trials in rows)
    return rates


def _rate_of(name: str) -> str:
    """Return ``true_positive`` of ``unprivileged_true_positive``."""
    return name.removeprefix("un").removeprefix("privileged").removeprefix("_")


def _linear(weights: Callable[[Collection[str]], Weights]) -> Pairing:
    return Pairing(weights, weights, gaps=None, correlation=None, extremes=None)


def _signs(names: Collection[str], weight: float = 1.0) -> Weights:
    return {name: weight if name.startswith("unprivileged") else -weight for name in names}


def _log_ratio_factors(means: Mapping[str, float]) -> Weights | None:
    """Return the derivatives of the ratio's logarithm, whose error is as correlated; None where a mean is 0."""
    if not all(mean > 0 for mean in means.values()):
        return None
    return {name: sign / means[name] for name, sign in _signs(means).items()}


def _mean_interval(one: Interval, other: Interval) -> Interval:
    return (one[0] + other[0]) / 2.0, (one[1] + other[1]) / 2.0


def _hull(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


def _one_sided(name: str, open_side: Literal["low", "high"]) -> IntervalMethod:
    """Make the method of a share that is bounded on one side only."""

    def combine(rates: Rates) -> Limits:
        open_end = np.full_like(rates["rate"].low, 0.0 if open_side == "low" else 1.0)
        return rates["rate"]._replace(**{open_side: open_end})

    intervals = of_proportions(combine)
    return IntervalMethod(name, intervals, PROPORTIONS, open_side, best_case=None, pairing=UNPAIRED)


_SHARE = BestCase(_at_share, at_equality=None, signed=False)
_SIGNED_GAP = BestCase(_at_equal_rates, at_equality=0.0, signed=True)
_ABSOLUTE_GAP = BestCase(_at_equal_rates, at_equality=0.0, signed=False)
_RATIO = BestCase(_at_equal_rates, at_equality=1.0, signed=True)
_EACH = _linear(lambda names: dict.fromkeys(names, 1.0))
_AVERAGE = _linear(lambda names: dict.fromkeys(names, 1.0 / len(names)))
_HALVES = _linear(lambda names: _signs(names, 0.5))
_LOG_RATIO = Pairing(None, _log_ratio_factors, gaps=None, correlation=ratio_correlation, extremes=None)
_MEAN_GAP = Pairing(None, UNPAIRED.factors, _mean_interval, correlation=None, extremes=None)
_LARGEST_GAP = Pairing(None, UNPAIRED.factors, _hull, correlation=None, extremes=None)

_average_abs_odds = of_proportions(average_abs_odds, lambda tail: (tail, shared_tail(tail)))
_equalized_odds = of_proportions(equalized_odds, lambda tail: (tail, shared_tail(tail), REFERENCE_TAIL))

PROPORTION_METHODS = (
    two_sided("clopper-pearson", of_proportions(lambda rates: rates["rate"]), PROPORTIONS, _SHARE, _EACH),
    # A share that was not found to be lower (accuracy where an attack may miss flips), and one not found to be higher.
    _one_sided("clopper-pearson-upper", open_side="low"),
    _one_sided("clopper-pearson-lower", open_side="high"),
    two_sided("mover-difference", of_proportions(_difference), PROPORTIONS, _SIGNED_GAP, _linear(_signs)),
    two_sided("mover-ratio", of_proportions(_ratio), PROPORTIONS, _RATIO, _LOG_RATIO),
    two_sided("mover-mean", of_proportions(_mean), PROPORTIONS, _SHARE, _AVERAGE),
    two_sided("average-odds-difference", of_proportions(average_odds), PROPORTIONS, _SIGNED_GAP, _HALVES),
    two_sided("average-abs-odds-difference", _average_abs_odds, PROPORTIONS, _ABSOLUTE_GAP, _MEAN_GAP),
    two_sided("equalized-odds-difference", _equalized_odds, PROPORTIONS, _ABSOLUTE_GAP, _LARGEST_GAP),
)
