"""The difference between two reports, as frozen dataclasses of the standard library."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from audit.result import Measurement, RuleStatus, Scalar, Verdict

Finding = Literal["more than chance", "not chance", "chance", "unknown", "not comparable"]
"""What is known of a change. "not chance" is certain: nothing was sampled, or both audits made the same draws."""

NAMED: tuple[Finding, ...] = ("more than chance", "not chance")
"""Findings of changes that are named: chance does not explain them."""

Effect = Literal["loosened", "tightened", "both", "neither"]
"""Effect of a change of the policy on what a model may be like and still pass."""

Side = Literal["added", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSummary:
    """What identifies one of the two audits, with its verdict; ``superseded`` as in a report."""

    verdict: Verdict
    reason: str
    model: str
    model_digest: str
    data: str
    data_digest: str
    rows: int
    policy_digest: str
    seed: Scalar | None
    date: Scalar | None
    version: Scalar | None
    superseded: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A rule whose status changed; ``old`` is None for a rule that was added, ``new`` for one that was removed.

    ``reason`` is that of the new report, or of the old one if the rule was removed. Of a waived rule,
    ``old_would_be`` and ``new_would_be`` are the status without the waiver.
    """

    id: str
    metric: str
    limit: dict[str, float]
    old: RuleStatus | None
    new: RuleStatus | None
    reason: str
    old_would_be: RuleStatus | None = None
    new_would_be: RuleStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementChange:
    """Two values of one measurement, their difference (new minus old), and whether it is more than chance.

    ``ci`` is the difference's own interval at `audit.diff.chance.CONFIDENCE`, before the correction for many
    measurements. ``reason`` says how the finding was made. ``better`` is whether the new value is surely better or
    surely worse; None if that is not known, the metric has no direction, or the change is not named. ``decides`` is
    whether a rule of either report is decided on the measurement.
    """

    metric: str
    where: dict[str, Scalar]
    old: Measurement
    new: Measurement
    change: float
    finding: Finding
    reason: str
    ci: tuple[float, float] | None = None
    better: bool | None = None
    decides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Something measured or described in one of the two reports only.

    ``kind`` is check, metric, attribute, group, measurement, or another key of ``where``, such as feature.
    """

    kind: str
    name: str
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningChange:
    """A warning of one of the two reports only, with all its numbers: one whose numbers differ went and came."""

    text: str
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """A fact of model, baseline, data, checks or environment that differs; None where it is absent."""

    section: Literal["model", "baseline", "data", "checks", "environment"]
    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A change of the policy, with its effect; ``rule`` is the id of the rule or waiver that it is about."""

    key: str
    old: object
    new: object
    effect: Effect
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDiff:
    """The difference between two reports.

    ``basis`` says what the two audits have in common, and what follows for the comparison; ``tests`` is the number of
    measurements whose change was tested, over which chance is controlled. ``attributions`` are the changes of
    measurements by feature, ``measurements`` all others.
    """

    old: AuditSummary
    new: AuditSummary
    basis: str
    tests: int
    rules: list[RuleChange] = field(default_factory=list)
    measurements: list[MeasurementChange] = field(default_factory=list)
    attributions: list[MeasurementChange] = field(default_factory=list)
    presence: list[Presence] = field(default_factory=list)
    warnings: list[WarningChange] = field(default_factory=list)
    policy: list[PolicyChange] = field(default_factory=list)
    facts: list[FactChange] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs but when and how fast the audits ran."""
        return self.old.verdict == self.new.verdict and not any(
            (
                *(self.rules, self.measurements, self.attributions, self.presence),
                *(self.warnings, self.policy, self.facts),
            )
        )

    @property
    def changes(self) -> Iterator[MeasurementChange]:
        """All changes of values."""
        yield from self.measurements
        yield from self.attributions
