"""What a check found on the candidate, with what it found on the baseline beside it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from audit.comparison.pair import Pair, TracedResult, compared
from audit.policy.model import Policy
from audit.result import CheckResult

_ALWAYS = frozenset({"performance", "fairness"})
"""Checks that cost little once the rows are scored."""


def to_compare(policy: Policy) -> set[str]:
    """Return the checks that run on a baseline too: the cheap ones, and those that a rule against it asks for."""
    asked = {rule.metric.partition(".")[0] for rule in policy.rules if rule.least_improvement is not None}
    return asked | _ALWAYS


def beside(
    pair: Pair,
    candidate: TracedResult,
    baseline: TracedResult,
    confidence: float,
    crash: Callable[[str, str], None],
) -> CheckResult:
    """Return the candidate's result, with the baseline's measurements beside its own, or a note why they are missing.

    Args:
        pair: both models.
        candidate: what a check measured on the candidate.
        baseline: what it did on the baseline.
        confidence: confidence of the intervals of the improvement.
        crash: called with the check's name and the traceback where a trace crashes.
    """
    ours, theirs = candidate.result, baseline.result
    if theirs.status != "measured":
        return _noted(ours, f"the check {_HAPPENED[theirs.status]} on it: {theirs.reason}")
    faults: list[Exception | SystemExit] = []
    with np.errstate(all="ignore"):
        found = compared(pair, candidate, baseline, confidence, faults.append)
    result = replace(ours, measurements=found)
    if not faults:
        return result
    crash(ours.name, "".join(traceback.format_exception(faults[0])))  # one is enough: they mostly are alike
    told = f"{type(faults[0]).__name__}: {faults[0]}"
    note = f"Comparing {len(faults)} of {len(found)} measurements with the baseline crashed: {told}."
    return replace(result, notes=[*result.notes, note])


_HAPPENED = {"skipped": "was skipped", "crashed": "crashed"}


def _noted(result: CheckResult, reason: str) -> CheckResult:
    return replace(
        result, notes=[*result.notes, f"These measurements have no baseline beside them: {reason}."]
    )
