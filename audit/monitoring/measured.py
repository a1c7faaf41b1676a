"""Measurements on a batch: counts for drift, and for each rule what it covers, merged over the parts of the batch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from audit.gate.claims import claims, covered
from audit.monitoring.outcome import IntervalEstimate
from audit.policy.gate_spec import Rule
from audit.result import Measurement
from audit.stats import interval, is_known, p_outside
from audit.stats.interval_method import Interval
from audit.stats.methods import EXACT

_LEAST_P_VALUE = 1e-12
RATE = "clopper-pearson"
COMPARISONS = frozenset({"mover-difference", "mover-ratio"})
_COUNTED = COMPARISONS | {RATE}
_MIN_ROWS = 50
"""Rows from which an interval is trusted as a test, whatever ``gate.min_rows`` says."""
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class RuleMeasurement:
    """A rule's measurement on a batch: its parts are of disjoint rows, and each has been measured by itself.

    ``is_counted`` is whether it is a rate, or compares two, of rows: then its counts say all there is to know.
    """

    rule: str
    low: float
    high: float
    parts: list[Measurement]
    is_counted: bool

    @property
    def first(self) -> Measurement:
        """The first part: metric and ``where`` are those of all."""
        return self.parts[0]

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.n for part in self.parts)

    @property
    def counts(self) -> dict[str, tuple[float, float]]:
        """Events and trials of each rate, over all parts."""
        names = self.first.counts
        return {
            name: (
                sum(part.counts[name][0] for part in self.parts),
                sum(part.counts[name][1] for part in self.parts),
            )
            for name in names
        }

    def estimate(self, confidence: float = 0.95) -> IntervalEstimate:
        """Return value and interval over all parts.

        Of counts they are those of all rows together; else the mean of the parts' values by rows, with the interval of
        independent parts.
        """
        if self.is_counted:
            merged = self._merged()
            return _estimate(merged.value, interval(merged, confidence))
        if len(self.parts) == 1:
            return _estimate(self.first.value, self.first.ci)
        total = sum(part.n for part in self.parts) or 1
        shares = [part.n / total for part in self.parts]
        value = sum(share * part.value for share, part in zip(shares, self.parts, strict=True))
        spans = [part.ci for part in self.parts]
        if any(span is None for span in spans):
            return _estimate(value, None)
        below = math.hypot(
            *(s * (p.value - p.ci[0]) for s, p in zip(shares, self.parts, strict=True) if p.ci)
        )
        above = math.hypot(
            *(s * (p.ci[1] - p.value) for s, p in zip(shares, self.parts, strict=True) if p.ci)
        )
        return _estimate(value, (value - below, value + above))

    def p_values(self, low: float, high: float, min_rows: int) -> list[float]:
        """Return the p-value of "within ``low`` and ``high``" of each part that has enough rows and an interval.

        It is not less than one over the rows, since approximate intervals are no tests far out. Of a value that is
        exact by nature it is 1, or the least that a p-value is given as.
        """
        exact = [part.value for part in self.parts if part.method == EXACT.name]
        of_exact = [1.0 if low <= value <= high else _LEAST_P_VALUE for value in exact]
        tested = [part for part in self.parts if part.rows >= max(min_rows, _MIN_ROWS) and _has_spread(part)]
        return of_exact + [max(p_outside(part, low, high), 1.0 / part.rows) for part in tested]

    def _merged(self) -> Measurement:
        counts = {name: list(pair) for name, pair in self.counts.items()}
        rates = [events / trials if trials else math.nan for events, trials in counts.values()]
        if self.first.method == RATE:
            value = rates[0]
        elif self.first.method == "mover-difference":
            value = rates[0] - rates[1]
        else:
            value = rates[0] / rates[1] if rates[1] else math.nan
        return replace(self.first, counts=counts, value=value, n=self.rows)


def _has_spread(part: Measurement) -> bool:
    """Return whether a part has an interval, and no standard error that is rounding alone."""
    is_rounding = part.se is not None and part.se <= _ROUNDING * max(1.0, abs(part.value))
    return part.ci is not None and is_known(part.method) and not is_rounding


def _estimate(value: float, span: Interval | None) -> IntervalEstimate:
    low, high = span or (math.nan, math.nan)
    return IntervalEstimate(value=value, low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class BatchMeasurement:
    """Everything that one reading of a batch measured.

    ``rows`` are those that are new: none where only labels are. ``counts`` are those of the reference's variables, in
    its order, and empty where only labels are new. ``reasons`` say of rules why they were not measured,
    or not on all rows; ``crashed`` are those whose check crashed.
    """

    digest: str
    labels_digest: str
    rows: int
    labelled: int
    counts: list[list[list[int]]]
    rules: list[RuleMeasurement]
    is_new: bool = True
    labelled_rows: bytes = b""
    reasons: dict[str, str] = field(default_factory=dict)
    crashed: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)


def rule_measurements(
    rules: Sequence[Rule], parts: Sequence[Sequence[Measurement]], are_whole: bool
) -> Iterator[RuleMeasurement]:
    """Yield the measurements that each rule covers, of all parts that have them; pools of small groups are left out.

    ``are_whole`` is whether counts are of rows: with weights or clusters they are effective ones, and whole by chance.
    """
    for rule in rules:
        by_key: dict[object, list[Measurement]] = {}
        for part in parts:
            for measurement in covered(rule, part):
                if not measurement.members and _says_something(measurement):
                    by_key.setdefault(measurement.key, []).append(measurement)
        for measurements in by_key.values():
            if len(measurements) > 1 and measurements[0].method == EXACT.name:
                continue  # a value of the whole, such as a number of rows, is none of its parts
            for claim in claims(rule, measurements[0]):
                if not claim.paired:
                    yield RuleMeasurement(
                        rule=str(rule.id),
                        low=claim.low,
                        high=claim.high,
                        parts=measurements,
                        is_counted=are_whole and measurements[0].method in _COUNTED,
                    )


def _says_something(measurement: Measurement) -> bool:
    """Return whether it has a value; the counts of two rates do without: no event in either is their evidence too."""
    if measurement.method in COMPARISONS:
        return all(trials > 0 for _, trials in measurement.counts.values())
    return not math.isnan(measurement.value)
