"""Rates of every group at every threshold, from one count of the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from audit.checks.fairness.decided_rows import DecidedRows
from audit.model.decision import DecisionRule
from audit.stats.effective_size import Weighed, divided, effective_size
from audit.stats.group_rates import Rates, heaviest_weights, rates, rates_by_class
from audit.stats.proportions import Limits, clopper_pearson
from audit.stats.quantiles import quantiles
from audit.stats.row_blocks import code_counts, compact, nested, nested_counts, row_blocks
from audit.subject.predictions import Classified, Regressed

_EVEN_THRESHOLDS = np.arange(1, 20) / 20
_MIN_AMONG_SCORES = 10
"""Even thresholds among the scores, without which the scores' quantiles are taken."""
_DIGITS = 3


class _Counts(NamedTuple):
    """Rows of each code (codes, 1); those that reach each threshold, and the others (codes, thresholds)."""

    rows: np.ndarray
    events: Weighed
    others: Weighed

    def every(self, step: int, start: int) -> "_Counts":
        """Return every ``step``-th code from ``start`` on."""
        weighed = (Weighed(*(part[start::step] for part in kind)) for kind in (self.events, self.others))
        return _Counts(self.rows[start::step], *weighed)

    def opposite(self) -> "_Counts":
        """Return the counts with events and others swapped."""
        return _Counts(self.rows, self.others, self.events)

    def with_rows_of(self, other: "_Counts") -> "_Counts":
        """Return the counts of both codes' rows together."""
        return _Counts(self.rows + other.rows, self.events.plus(other.events), self.others.plus(other.others))


@dataclass(frozen=True)
class RatesOverThresholds:
    """Proportions of groups at every threshold, with their effective trials: both ``(groups, thresholds)``.

    ``decisive`` are the rates at the threshold that decides.
    """

    value: np.ndarray
    trials: np.ndarray
    decisive: Rates

    def limits(self, tail: float, share: np.ndarray | float = 1.0) -> Limits:
        """Bound each proportion from a ``share`` of the trials; NaN where it has no row."""
        known = self.trials > 0.0
        trials = np.where(known, self.trials * share, 1.0)
        limits = clopper_pearson(np.nan_to_num(self.value) * trials, trials, tail)
        return Limits(self.value, *(np.where(known, end, np.nan) for end in (limits.low, limits.high)))

    def of_groups(self, groups: list[int]) -> "RatesOverThresholds":
        """Return the rates of some of the groups, at all thresholds."""
        return replace(self, value=self.value[groups], trials=self.trials[groups])

    def every(self, step: int, start: int) -> "RatesOverThresholds":
        """Return every ``step``-th group from ``start`` on."""
        decisive = self.decisive.every(step, start)
        return RatesOverThresholds(self.value[start::step], self.trials[start::step], decisive)


@dataclass(frozen=True)
class ThresholdGrid:
    """Thresholds, rising; ``decisive`` is the index of the one that decides, ``levels`` how many each row reaches."""

    thresholds: np.ndarray
    decisive: int
    levels: np.ndarray

    @classmethod
    def of(cls, scores: Classified | Regressed, decider: DecisionRule) -> "ThresholdGrid | None":
        """Return the thresholds for these scores; None where no single one decides (several classes).

        They are 0.05, 0.10, …, 0.95 for probabilities, and the scores' own 5 %, 10 %, …, 95 % quantiles, rounded to
        three digits of their span, for the predictions of a regression and for probabilities that crowd together.
        """
        if isinstance(scores, Classified):
            values = scores.known_outcomes.favorable
            decisive = None if len(scores.classes) > 2 else decider.threshold
        else:
            values = scores.prediction
            decisive = decider.at_least
        if decisive is None:
            return None
        spread = _even_or_quantiles(values) if isinstance(scores, Classified) else _quantiles(values)
        thresholds = np.unique(np.append(spread, decisive))
        levels = np.concatenate(
            [
                compact(
                    decider.levels(values[block].astype(np.float64), thresholds, scores.dtype),
                    len(thresholds) + 1,
                )
                for block in row_blocks(len(values))
            ]
        )
        return cls(thresholds, int(np.searchsorted(thresholds, decisive)), levels)

    def rates(self, group: np.ndarray, groups: int, rows: DecidedRows) -> Mapping[str, RatesOverThresholds]:
        """Return the selection rate, and the true and the false positive rate, of every group.

        Args:
            group: int codes, one a row.
            groups: number of groups.
            rows: labels and decisions of the rows.
        """
        code = nested(group, rows.label, groups, 2)
        counts = self._counts(code, 2 * groups, rows.weights)
        decided = rates_by_class(rows.predicted, code, 2 * groups, 2, rows.weights, rows.clusters)
        by_label = self._over_thresholds(counts, decided, rows)
        decided = rates(rows.predicted, group, groups, rows.weights, rows.clusters)
        unfavorable, favorable = counts.every(2, 0), counts.every(2, 1)
        return {
            "selection": self._over_thresholds(unfavorable.with_rows_of(favorable), decided, rows),
            "true_positive": by_label.every(2, 1),
            "false_positive": by_label.every(2, 0),
        }

    def accuracy(self, rows: DecidedRows, tail: float) -> Limits:
        """Return the share of all rows that are decided as their label says, at each threshold, as one group."""
        one_group = np.broadcast_to(np.uint8(0), len(rows.label))
        decided = rates(rows.predicted == rows.label, one_group, 1, rows.weights, rows.clusters)
        counts = self._counts(rows.label, 2, rows.weights)
        correct = counts.every(2, 0).opposite().with_rows_of(counts.every(2, 1))
        return self._over_thresholds(correct, decided, rows).limits(tail)

    def _counts(self, code: np.ndarray, number: int, weights: np.ndarray | None) -> _Counts:
        """Count the rows of each code that reach each threshold, and the others."""
        levels = len(self.thresholds) + 1
        if weights is None:
            total = nested_counts(code, self.levels, number, levels)
            upwards = Weighed(total, total, np.minimum(total, 1).astype(float))
        else:
            cell = nested(code, self.levels, number, levels)
            total, square = (np.bincount(cell, values, number * levels) for values in (weights, weights**2))
            heaviest = heaviest_weights(weights, cell, number * levels)
            upwards = Weighed(*(part.reshape(number, -1) for part in (total, square, heaviest)))
        downwards = Weighed(*(np.flip(part, 1) for part in upwards))
        events = Weighed(*(np.flip(part, 1)[:, 1:] for part in downwards.accumulated()))
        others = Weighed(*(part[:, :-1] for part in upwards.accumulated()))
        return _Counts(code_counts(code, number)[:, None], events, others)

    def _over_thresholds(self, counts: _Counts, decided: Rates, rows: DecidedRows) -> RatesOverThresholds:
        """Return the proportions; with clusters, their trials are at most those at the threshold that decides."""
        value = divided(counts.events.total, counts.events.total + counts.others.total)
        trials = effective_size(*counts)
        if rows.clusters is not None:
            trials = np.minimum(trials, decided.trials[:, None])
        value[:, self.decisive] = decided.value  # to the last digit, in whatever order weights are summed
        trials[:, self.decisive] = decided.trials
        return RatesOverThresholds(value, trials, decided)


def _even_or_quantiles(scores: np.ndarray) -> np.ndarray:
    low, high = quantiles(scores, np.array([0.01, 0.99]))
    among = np.clip(_EVEN_THRESHOLDS, low, high) == _EVEN_THRESHOLDS
    return _EVEN_THRESHOLDS if among.sum() >= _MIN_AMONG_SCORES else _quantiles(scores)


def _quantiles(scores: np.ndarray) -> np.ndarray:
    even = quantiles(scores, _EVEN_THRESHOLDS)
    span = float(even[-1] - even[0])
    digits = _DIGITS - int(np.ceil(np.log10(span))) if span > 0 else None
    return np.asarray(even if digits is None else np.round(even, digits))
