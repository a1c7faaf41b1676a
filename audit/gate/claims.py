"""The measurements that a rule covers, and its claims on each: value or improvement is within bounds."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from audit.policy.gate_spec import Rule
from audit.result import GROUP_KEYS, Measurement, Scalar
from audit.stats import improvement, interval, is_known, paired_interval
from audit.stats.interval_method import Interval
from audit.stats.methods import EXACT
from audit.values import canonical

ANY = "*"
_MEMBER_KEYS = GROUP_KEYS - {"attribute"}
Finding = Literal["holds", "breaks", "undecided"]


def covered(rule: Rule, measurements: Iterable[Measurement]) -> list[Measurement]:
    """Return the measurements that ``rule`` covers.

    Without ``where``: the whole-table measurement if the metric has one, else all of them. With it:
    those that match, and those of groups only where it names a key that speaks of groups.
    """
    candidates = [m for m in measurements if m.metric == rule.metric]
    if not rule.where:
        return [m for m in candidates if not m.where] or candidates
    of_groups = not GROUP_KEYS.isdisjoint(rule.where)
    matching = [m for m in candidates if (of_groups or not m.is_group_specific) and _matches(rule.where, m)]
    exact = [m for m in matching if _names_exactly(rule.where, m)]
    return exact or matching  # under `data.values: text`, 1 and 1.0 are two groups


def _matches(where: Mapping[str, Scalar], measurement: Measurement) -> bool:
    measured = measurement.where
    return all(key in measured and same(key, value, measured[key]) for key, value in where.items())


def same(key: str, value: Scalar, measured: Scalar) -> bool:
    """Return whether a value of a rule's ``where`` matches a measurement's value under the same key."""
    if key in _MEMBER_KEYS:
        return _members(value) == _members(measured)
    return (key == "attribute" and value == ANY) or value == measured or str(value) == str(measured)


def _members(group: Scalar) -> list[str]:
    """Return the identities of the values in a group's name: ``1*Black`` of an intersection, ``1|2`` of several."""
    return [canonical(part) for part in re.split(r"([|*])", str(group))]


def _names_exactly(where: Mapping[str, Scalar], measurement: Measurement) -> bool:
    return all(str(where[key]) == str(measurement.where[key]) for key in _MEMBER_KEYS.intersection(where))


@dataclass(frozen=True)
class Claim:
    """A statement about a measurement with its intervals at the policy's confidence.

    ``paired`` means that it is about the improvement over the baseline and not about the value.
    """

    measurement: Measurement
    low: float
    high: float
    paired: bool

    @property
    def value(self) -> float:
        """The value or improvement that is within the bounds or not; NaN for a missing baseline."""
        return improvement(self.measurement) if self.paired else self.measurement.value

    @property
    def exact(self) -> bool:
        """Whether the value is exact by nature, so that it decides without an interval."""
        return all(method == EXACT.name for method in self.methods)

    @property
    def span(self) -> Interval | None:
        """The interval of `value`; of one that is exact by nature, the value itself."""
        baseline = self.measurement.baseline
        span = self.measurement.ci
        if self.paired:
            span = baseline.improvement_ci if baseline else None
        return (self.value, self.value) if span is None and self.exact else span

    @property
    def finding(self) -> Finding:
        """Whether it holds, breaks or is undecided, before any correction."""
        return finding(self.value, self.span, self.low, self.high)

    def breaks_at(self, error: float, alpha: float) -> bool:
        """Return whether it breaks at an ``error`` of at most ``alpha``, the error of the policy's confidence.

        Exact values break with certainty; one whose method is not known here breaks at ``alpha`` only.
        """
        if self.finding != "breaks" or self.exact:
            return self.finding == "breaks"
        if not all(map(is_known, self.methods)):
            return error >= alpha
        at = paired_interval if self.paired else interval
        return finding(self.value, at(self.measurement, 1.0 - error), self.low, self.high) == "breaks"

    @property
    def methods(self) -> list[str]:
        """The methods of the values that it depends on."""
        baseline = self.measurement.baseline
        return [self.measurement.method, *([baseline.method] if self.paired and baseline else [])]


def claims(rule: Rule, measurement: Measurement) -> Iterator[Claim]:
    """Yield the claims of ``rule`` on a measurement: on its value, its improvement, or both."""
    if rule.is_absolute:
        yield Claim(measurement, *rule.bounds, paired=False)
    if rule.least_improvement is not None:
        yield Claim(measurement, rule.least_improvement, math.inf, paired=True)


def finding(value: float, span: Interval | None, low: float, high: float) -> Finding:
    """Return whether a value with an interval holds, breaks or is undecided.

    It holds when its whole interval lies inside ``[low, high]`` and it is finite, and breaks when the whole interval
    lies outside. Without an interval it is undecided.
    """
    if span is None or math.isnan(value) or any(math.isnan(end) for end in span):
        return "undecided"
    if span[1] < low or span[0] > high:
        return "breaks"
    inside = low <= span[0] and span[1] <= high and low <= value <= high
    return "holds" if inside and math.isfinite(value) else "undecided"
