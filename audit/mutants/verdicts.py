"""Which of a policy's rules caught a variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from audit.result import Measurement, Report, RuleResult

Cell = Literal["pass", "fail", "open", "waived", "crashed", "silent", "seen", "fooled"]
"""What a rule says of a variant.

``open`` is inconclusive where the candidate passes. ``silent`` is a rule that the candidate does not pass either: it
tells the two apart only by failing where the candidate does not. ``crashed`` is inconclusive because its check
crashed, which catches nothing. ``seen`` and ``fooled`` are rules on attacks, of masked gradients.
"""

CATCHES = frozenset[Cell]({"fail", "open", "seen"})

_ATTACKED = {"robustness.adversarial_accuracy": 1.0, "robustness.flip_rate": -1.0}
"""Metrics that attacks measure, and the sign that makes more of them better."""
_ROOM = 0.05
"""By how much masking a model's gradients may seem to better it: rounding changes some decisions."""


def judge(candidate: Report, found: Report, masks: bool) -> dict[str, Cell]:
    """Return what each rule says, by id.

    Args:
        candidate: the audit of the model that the variant was made from, under the same rules.
        found: the audit of the variant.
        masks: whether the variant has the candidate's decisions and no gradients: then a rule on attacks is judged by
            whether it was fooled.
    """
    crashed = {check.name for check in found.checks if check.status == "crashed"}
    own = {rule.id: rule for rule in candidate.rules}
    return {
        rule.id: _attacked(own[rule.id], rule)
        if masks and _is_attacked(rule)
        else _plain(own[rule.id], rule, rule.metric.partition(".")[0] in crashed)
        for rule in found.rules
    }


def caught(cells: Sequence[Cell]) -> bool:
    """Tell whether the gate stops the variant; what one rule sees through is worth nothing if another was fooled."""
    return "fail" in cells or "open" in cells or ("seen" in cells and "fooled" not in cells)


def _plain(candidate: RuleResult, rule: RuleResult, crashed: bool) -> Cell:
    if rule.status == "fail" and candidate.status != "fail":
        return "fail"
    if candidate.status != "pass":
        return "silent"
    if rule.status == "inconclusive":
        return "crashed" if crashed else "open"
    return rule.status


def _attacked(candidate: RuleResult, rule: RuleResult) -> Cell:
    """Tell whether a rule passes because of attacks that a mask has made weaker."""
    own = {_place(m): m.value for m in candidate.measurements}
    sign = _ATTACKED[rule.metric]
    weaker = any(_place(m) not in own or sign * (m.value - own[_place(m)]) > _ROOM for m in _by_attacks(rule))
    return "fooled" if rule.status in ("pass", "waived") and weaker else "seen"


def _is_attacked(rule: RuleResult) -> bool:
    """Tell whether a rule is decided on attacks; one that is decided on nothing because of a mask was on them too."""
    if rule.metric not in _ATTACKED or rule.where.get("attack") in ("noise", "typos"):
        return False
    return bool(_by_attacks(rule)) or not rule.measurements


def _by_attacks(rule: RuleResult) -> list[Measurement]:
    return [m for m in rule.measurements if m.where.get("attack") not in ("noise", "typos")]


def _place(measurement: Measurement) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(measurement.where.items()))
