"""Rates of every group at every threshold, from one count of the rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.model.decision import DecisionRule
from audit.stats.group_rates import Rates, rates
from audit.stats.proportions import Limits, clopper_pearson
from audit.subject.predictions import Classified, Regressed

_EVEN_THRESHOLDS = np.arange(1, 20) / 20
_MIN_AMONG_SCORES = 10
"""Even thresholds among the scores, without which the scores' quantiles are taken."""
_DIGITS = 3


@dataclass(frozen=True)
class DecidedRows:
    """Labels and decisions at the decisive threshold (bool, one a row), with the rows' weights and clusters if any."""

    label: np.ndarray
    predicted: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None


class _Counts(NamedTuple):
    """Weight of the rows that reach each threshold (codes, thresholds), and of all rows (codes, 1)."""

    reaching: np.ndarray
    total: np.ndarray


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
            values = scores.favorable
            spread = _even_or_quantiles(values)
            decisive = None if len(scores.classes) > 2 else decider.threshold
        else:
            values = scores.prediction
            spread = _quantiles(values)
            decisive = decider.at_least
        if decisive is None:
            return None
        thresholds = np.unique(np.append(spread, decisive))
        levels = decider.levels(values, thresholds, scores.dtype)
        return cls(thresholds, int(np.searchsorted(thresholds, decisive)), levels)

    def rates(self, group: np.ndarray, groups: int, rows: DecidedRows, tail: float) -> Mapping[str, Limits]:
        """Return the selection rate, and the true and the false positive rate, ``(groups, thresholds)``.

        Args:
            group: int codes, one a row.
            groups: number of groups.
            rows: labels and decisions of the rows.
            tail: probability beyond either limit.
        """
        code = group.astype(np.int64) * 2 + rows.label
        counts = self._count(code, 2 * groups, rows.weights)
        by_label = rates(rows.predicted, code, 2 * groups, rows.weights, rows.clusters)
        selection = rates(rows.predicted, group, groups, rows.weights, rows.clusters)
        positive = _Counts(*(part[1::2] for part in counts))
        negative = _Counts(*(part[::2] for part in counts))
        both = _Counts(negative.reaching + positive.reaching, negative.total + positive.total)
        return {
            "selection": self._limits(both, selection, tail),
            "true_positive": self._limits(positive, by_label.every(2, 1), tail),
            "false_positive": self._limits(negative, by_label.every(2, 0), tail),
        }

    def accuracy(self, rows: DecidedRows, tail: float) -> Limits:
        """Return the share of all rows that are decided as their label says, at each threshold, as one group."""
        reaching, total = self._count(rows.label.astype(np.int64), 2, rows.weights)
        correct = rows.predicted == rows.label
        accuracy = rates(correct, np.zeros(len(correct), np.int64), 1, rows.weights, rows.clusters)
        counts = _Counts(reaching[1:] + total[:1] - reaching[:1], total[:1] + total[1:])
        return self._limits(counts, accuracy, tail)

    def _count(self, code: np.ndarray, number: int, weights: np.ndarray | None) -> _Counts:
        levels = len(self.thresholds) + 1
        counts = np.bincount(code * levels + self.levels, weights, number * levels).reshape(number, levels)
        reaching = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
        return _Counts(reaching[:, 1:], reaching[:, :1])

    def _limits(self, counts: _Counts, decisive: Rates, tail: float) -> Limits:
        """Bound each proportion; NaN where it has no row.

        The (effective) rows in a denominator do not depend on the threshold, only on labels and groups.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            value = counts.reaching / counts.total
        value[:, self.decisive] = decisive.value  # to the last digit, in whatever order weights are summed
        known = decisive.trials[:, None] > 0
        trials = np.broadcast_to(np.where(known, decisive.trials[:, None], 1.0), value.shape)
        limits = clopper_pearson(np.nan_to_num(value) * trials, trials, tail)
        return Limits(value, *(np.where(known, end, np.nan) for end in (limits.low, limits.high)))


def _even_or_quantiles(scores: np.ndarray) -> np.ndarray:
    low, high = np.quantile(scores, [0.01, 0.99])
    among = np.clip(_EVEN_THRESHOLDS, low, high) == _EVEN_THRESHOLDS
    return _EVEN_THRESHOLDS if among.sum() >= _MIN_AMONG_SCORES else _quantiles(scores)


def _quantiles(scores: np.ndarray) -> np.ndarray:
    quantiles = np.quantile(scores, _EVEN_THRESHOLDS)
    span = float(quantiles[-1] - quantiles[0])
    digits = _DIGITS - int(np.ceil(np.log10(span))) if span > 0 else None
    return np.asarray(quantiles if digits is None else np.round(quantiles, digits))
