"""What one batch showed and what was decided on it: plain records, stored as JSON and shown everywhere."""

from dataclasses import dataclass, field
from typing import Literal

from audit.result import Scalar

State = Literal["quiet", "alarm"]

EVERYONE = ""
"""Group of a drift comparison that has all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalEstimate:
    """A value with its 95 % interval; all NaN if there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """Logarithm of an e-value after this batch, and the alarm line that it has to reach.

    ``alarm`` stays True until another model is monitored, even if the e-value falls again.
    """

    log_e: float
    log_line: float
    alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """A rule on one measurement of this batch.

    ``low`` and ``high`` are the rule's limits, infinite without one. ``value`` is NaN if the batch says nothing.
    """

    rule: str
    metric: str
    where: dict[str, Scalar]
    estimate: IntervalEstimate
    low: float
    high: float
    rows: int

    @property
    def breaks(self) -> bool:
        """Whether the batch's value lies outside the limits."""
        return self.estimate.value < self.low or self.estimate.value > self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStream:
    """A rule over all batches: its evidence, and the number of consecutive labelled batches that it fails on.

    A batch fails the rule if its alarm stands and a value lies outside the limits. ``reason`` says why it was not
    measured on this batch, "" if it was, and ``crashed`` whether its check crashed on some of the rows; ``measured``
    counts the batches of this run on which it was.
    """

    rule: str
    evidence: EValue
    measured: int
    failing: int = 0
    reason: str = ""
    crashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutcome:
    """Shift of one variable in one group: effect sizes of this batch, and evidence over all batches.

    ``kind`` is "feature", "score", "decision" or "attribution". ``group`` is ``attribute=value``, or `EVERYONE`.
    ``psi`` is the population stability index, ``js`` the Jensen-Shannon distance with base 2, in [0, 1], and ``ks`` the
    Kolmogorov-Smirnov distance (of categories the total variation distance), in [0, 1]; all without the bias of
    small batches.
    """

    kind: str
    variable: str
    group: str
    rows: int
    psi: IntervalEstimate
    js: IntervalEstimate
    ks: IntervalEstimate
    evidence: EValue

    @property
    def title(self) -> str:
        """Kind and name of the variable; there is one score, and one decision."""
        return self.kind if self.kind in ("score", "decision") else f"{self.kind} {self.variable}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Change of state: ``kind`` is "started", "drift", "rule", "alarm" or "rollback"; ``text`` says it to a person."""

    kind: str
    text: str
    subject: str = ""

    @property
    def is_alarm(self) -> bool:
        """Whether it raises an alarm."""
        return self.kind in ("drift", "rule", "alarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """One batch as it is stored: what it showed, and the state after it.

    ``rows`` are those that are new: none where labels came for rows that were counted before. ``sequence`` counts the
    batches of a run from 1 in order of arrival; ``as_of`` and ``recorded`` are ISO 8601 in UTC.
    """

    sequence: int
    as_of: str
    recorded: str
    digest: str
    rows: int
    labelled: int
    state: State
    evidence: EValue
    rules: list[RuleOutcome] = field(default_factory=list)
    streams: list[RuleStream] = field(default_factory=list)
    drift: list[DriftOutcome] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
