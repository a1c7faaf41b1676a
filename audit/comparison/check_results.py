"""Results of a check on the candidate, joined with its results on the baseline."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from audit.comparison.pair import Pair, TracedResult, compare_measurements
from audit.policy.model import Policy
from audit.result import CheckResult

_ALWAYS = frozenset({"performance", "fairness"})
"""Checks that cost little once the rows are scored."""


def to_compare(policy: Policy) -> frozenset[str]:
    """Return the checks that run on a baseline too: the cheap ones, and those that a rule against it asks for."""
    return _ALWAYS | {
        rule.metric.partition(".")[0] for rule in policy.rules if rule.least_improvement is not None
    }


def beside(
    pair: Pair,
    candidate: TracedResult,
    baseline: TracedResult,
    confidence: float,
    crash: Callable[[str, str], None],
) -> CheckResult:
    """Return the candidate's result with the baseline's measurements, or a note on why they are missing.

    Args:
        pair: both models.
        candidate: result of a check on the candidate.
        baseline: its result on the baseline.
        confidence: confidence of the intervals of the improvement.
        crash: called with the check's name and the traceback where a trace crashes.
    """
    result = candidate.result
    if baseline.result.status != "measured":
        event = "was skipped" if baseline.result.status == "skipped" else "crashed"
        reason = f"the check {event} on it: {baseline.result.reason}"
        return _with_note(result, f"These measurements have no baseline beside them: {reason}.")
    faults: list[Exception | SystemExit] = []
    with np.errstate(all="ignore"):
        measurements = compare_measurements(pair, candidate, baseline, confidence, faults.append)
    result = replace(result, measurements=measurements)
    if not faults:
        return result
    crash(result.name, "".join(traceback.format_exception(faults[0])))  # one is enough: they mostly are alike
    error = f"{type(faults[0]).__name__}: {faults[0]}"
    compared = f"{len(faults)} of {len(measurements)} measurements"
    return _with_note(result, f"Comparing {compared} with the baseline crashed: {error}.")


def _with_note(result: CheckResult, note: str) -> CheckResult:
    return replace(result, notes=[*result.notes, note])
