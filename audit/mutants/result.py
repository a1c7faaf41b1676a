"""Results of a self-test, as plain data: the verdicts of a policy's rules on each mutant, which of them catch it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from audit.result import Measurement, Report, RuleResult

RuleVerdict = Literal["pass", "fail", "open", "waived", "crashed", "silent", "seen", "fooled"]
"""Verdict of a rule on a mutant.

``open`` is inconclusive while the candidate passes. ``silent`` is a rule that the candidate does not pass either: it
distinguishes the two only by failing if the candidate does not. ``crashed`` is inconclusive because its check
crashed, which catches nothing. ``seen`` and ``fooled`` are rules on attacks, of masked gradients.
"""

CATCHING = frozenset[RuleVerdict]({"fail", "open", "seen"})

_SIGN = {"robustness.adversarial_accuracy": 1.0, "robustness.flip_rate": -1.0}
"""The sign that makes more of a metric of attacks better."""
_MAX_MASKING_GAIN = 0.05
"""Greatest improvement of a metric by masked gradients that does not count: rounding changes some decisions."""

Outcome = Literal["caught", "refused", "missed", "not made", "not measured", "left out"]
"""Outcome of a mutant. ``refused``: the audit itself did not accept its scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantResult:
    """The result of one mutant, named ``variant``: each rule's verdict by id, and the rules that caught it.

    ``reason`` is why it was refused, not made, not measured or left out; ``advice`` is a kind of rule that would catch
    it.
    """

    variant: str
    about: str
    outcome: Outcome
    caught_by: list[str] = field(default_factory=list)
    rules: dict[str, RuleVerdict] = field(default_factory=dict)
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """The rules' results for the candidate, and the results of its mutants (``variants``).

    ``policy`` is the digest of the effective policy; equal model, data, policy and seed give equal results.
    """

    policy: str
    seed: int
    candidate: list[RuleResult]
    variants: list[MutantResult]

    def of(self, *outcomes: Outcome) -> list[MutantResult]:
        """Return the mutants with these outcomes."""
        return [result for result in self.variants if result.outcome in outcomes]


def rule_verdicts(candidate: Report, mutant: Report, masks: bool) -> dict[str, RuleVerdict]:
    """Return the verdict of each rule, by id.

    Args:
        candidate: the audit of the model that the mutant was made from, under the same rules.
        mutant: the audit of the mutant.
        masks: whether the mutant has the candidate's decisions and no gradients: the verdict of a rule on attacks is
            then whether it was fooled.
    """
    crashed = {check.name for check in mutant.checks if check.status == "crashed"}
    candidate_rules = {rule.id: rule for rule in candidate.rules}
    return {
        rule.id: _attack_verdict(candidate_rules[rule.id], rule)
        if masks and _is_about_attacks(rule)
        else _verdict(candidate_rules[rule.id], rule, rule.metric.partition(".")[0] in crashed)
        for rule in mutant.rules
    }


def is_caught(verdicts: Collection[RuleVerdict]) -> bool:
    """Return whether the gate stops the mutant; a rule that sees through the mask counts only if none was fooled."""
    return "fail" in verdicts or "open" in verdicts or ("seen" in verdicts and "fooled" not in verdicts)


def _verdict(candidate: RuleResult, rule: RuleResult, crashed: bool) -> RuleVerdict:
    if rule.status == "fail" and candidate.status != "fail":
        return "fail"
    if candidate.status != "pass":
        return "silent"
    if rule.status == "inconclusive":
        return "crashed" if crashed else "open"
    return rule.status


def _attack_verdict(candidate: RuleResult, rule: RuleResult) -> RuleVerdict:
    """Return ``fooled`` if a rule passes because a mask has made attacks weaker."""
    sign = _SIGN[rule.metric]
    values = {_where_key(m): m.value for m in candidate.measurements}
    weaker = any(
        _where_key(m) not in values or sign * (m.value - values[_where_key(m)]) > _MAX_MASKING_GAIN
        for m in _attack_measurements(rule)
    )
    return "fooled" if rule.status in ("pass", "waived") and weaker else "seen"


def _is_about_attacks(rule: RuleResult) -> bool:
    """Return whether a rule is decided on attacks; so was one that a mask has left without measurements."""
    if rule.metric not in _SIGN or rule.where.get("attack") in ("noise", "typos"):
        return False
    return bool(_attack_measurements(rule)) or not rule.measurements


def _attack_measurements(rule: RuleResult) -> list[Measurement]:
    return [m for m in rule.measurements if m.where.get("attack") not in ("noise", "typos")]


def _where_key(measurement: Measurement) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(measurement.where.items()))
