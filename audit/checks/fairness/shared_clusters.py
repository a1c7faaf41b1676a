"""Trials that are left to a comparison of groups where clusters have rows in both groups, or in several rates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audit.checks.fairness.decided_rows import DecidedRows
from audit.checks.fairness.metrics import COMPARISONS, RATES, GroupComparison
from audit.data.protected_attributes import Attribute
from audit.stats.group_rates import Rates
from audit.stats.joint_variance import ClusteredRows, implied_variance, share_left_of_differences

_FACTORS: Mapping[str, list[tuple[float, ...]]] = {
    "mover-difference": [(1.0,)],
    "mover-ratio": [(1.0,)],
    "average-odds-difference": [(1.0, 1.0)],
    "average-abs-odds-difference": [(1.0, 1.0), (1.0, -1.0)],
    "equalized-odds-difference": [(1.0, 0.0), (0.0, 1.0)],
}
"""Factors of the differences of rates, by method of the comparison; of several, that which leaves the least counts."""


@dataclass(frozen=True)
class SharedClusters:
    """Rows of all groups, the privileged ones merged into the last, with labels and predictions (bool, one a row)."""

    rows: ClusteredRows
    label: np.ndarray
    predicted: np.ndarray

    def share_left(self, comparison: GroupComparison, rates: Mapping[str, Rates]) -> np.ndarray:
        """Return by group the share of the trials, its own and the privileged ones', that its comparison keeps."""
        compared = [rates[name] for name in comparison.rates]
        scales = [self._scale(comparison.method, rate) for rate in compared]
        errors = [self._errors(name) * scale[self.rows.owner]
                  for name, scale in zip(comparison.rates, scales, strict=True)]  # fmt: skip
        implied = [implied_variance(rate) * scale**2 for rate, scale in zip(compared, scales, strict=True)]
        return np.asarray(
            np.min([self._left(factors, implied, errors) for factors in _FACTORS[comparison.method]], axis=0)
        )

    def _left(
        self, factors: tuple[float, ...], implied: list[np.ndarray], errors: list[np.ndarray]
    ) -> np.ndarray:
        variance = sum(factor**2 * part for factor, part in zip(factors, implied, strict=True))
        scaled = [factor * part for factor, part in zip(factors, errors, strict=True)]
        return share_left_of_differences(np.asarray(variance), self.rows, scaled)

    def _errors(self, name: str) -> np.ndarray:
        rate = RATES[name]
        return self.rows.errors(
            rate.event(self.label, self.predicted), rate.within(self.label, self.predicted)
        )

    def _scale(self, method: str, rate: Rates) -> np.ndarray:
        """Return the derivative by each group's rate: of a ratio, that of its logarithm (0 where there is none)."""
        if method != "mover-ratio":
            return np.ones(len(rate.value))
        return np.asarray(np.divide(1.0, rate.value, out=np.zeros(len(rate.value)), where=rate.value > 0.0))


def privileged_last(attribute: Attribute) -> np.ndarray:
    """Return the code of each group where the privileged ones are one more, behind the others."""
    groups = len(attribute.groups)
    merged = np.arange(groups)
    merged[attribute.privileged] = groups
    return merged


def shares_left(
    attribute: Attribute, rows: DecidedRows, rates: Mapping[str, Rates]
) -> Mapping[str, np.ndarray]:
    """Return `SharedClusters.share_left` of every metric whose rates are given; 1 without clusters."""
    known = {name: c for name, c in COMPARISONS.items() if all(rate in rates for rate in c.rates)}
    number = len(attribute.groups) + 1
    if rows.clusters is None:
        return dict.fromkeys(known, np.ones(number))
    group = privileged_last(attribute)[attribute.codes]
    clustered = ClusteredRows(group, number, rows.weights, rows.clusters)
    shared = SharedClusters(clustered, rows.label, rows.predicted)
    return {name: shared.share_left(comparison, rates) for name, comparison in known.items()}
