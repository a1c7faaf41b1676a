"""Rules of a policy by what they need: those that need no labels are measured before these are known."""

from dataclasses import dataclass

from audit.check import build_checks
from audit.policy.gate_spec import Rule
from audit.policy.model import ResolvedPolicy


@dataclass(frozen=True, kw_only=True)
class MonitoredRules:
    """The policy's rules by what they need; ``notes`` say which others are not monitored."""

    label_free: list[Rule]
    labelled: list[Rule]
    notes: list[str]

    @property
    def monitored(self) -> list[Rule]:
        """All rules that are measured."""
        return [*self.label_free, *self.labelled]

    @classmethod
    def of(cls, policy: ResolvedPolicy) -> "MonitoredRules":
        """Return the rules of a policy."""
        free = {f"{name}.{m}" for name, check in build_checks(policy).items() for m in check.label_free}
        rules = [rule for rule in policy.rules if rule.is_absolute]
        notes = [
            f"the rule {rule.id} only compares with a baseline, and is not monitored"
            for rule in policy.rules
            if not rule.is_absolute
        ]
        return cls(
            label_free=[rule for rule in rules if rule.metric in free],
            labelled=[rule for rule in rules if rule.metric not in free],
            notes=notes,
        )
