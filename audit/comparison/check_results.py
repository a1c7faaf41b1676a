"""Results of a check on the candidate, joined with its results on the baseline."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from audit.check.run import TracedResult, TraceOf
from audit.comparison.error_correlation import discordant_counts, error_correlation, require_counts
from audit.frameworks.op_errors import trace_without_values, without_values
from audit.policy.model import Policy
from audit.result import Baseline, CheckResult, Measurement
from audit.stats import improvement, is_known
from audit.stats.confidence import at_confidence
from audit.stats.paired_intervals import CRASHED
from audit.subject.subject import Subject

BUDGETED = frozenset({"explainability", "robustness"})
"""Checks whose number of rows follows from what the model costs."""
_ALWAYS = frozenset({"performance", "fairness"})
"""Checks that cost little once the rows are scored."""


@dataclass(frozen=True)
class ModelPair:
    """Candidate and baseline on the same rows."""

    candidate: Subject
    baseline: Subject

    @property
    def identical(self) -> bool:
        """Whether both are the same bytes, read alike."""
        facts = self.candidate.model_facts
        return replace(self.baseline.model_facts, path=facts.path) == facts


def checks_to_compare(policy: Policy) -> frozenset[str]:
    """Return the checks that run on a baseline too: the cheap ones, and those that a rule against it asks for."""
    relative = [rule.metric for rule in policy.rules if rule.least_improvement is not None]
    return _ALWAYS | {metric.partition(".")[0] for metric in relative}


def with_baseline(
    pair: ModelPair,
    candidate: TracedResult,
    baseline: TracedResult,
    confidence: float,
    crash: Callable[[str, str], None],
) -> CheckResult:
    """Return the candidate's result with the baseline's measurements, or a note on why they are missing.

    ``crash`` is called with the check's name and the traceback where a trace crashes.
    """
    result = candidate.result
    if baseline.result.status != "measured":
        event = "was skipped" if baseline.result.status == "skipped" else "crashed"
        reason = f"the check {event} on it: {baseline.result.reason}"
        return _with_note(result, f"These measurements have no baseline value: {reason}.")
    faults: list[Exception | SystemExit] = []
    with np.errstate(all="ignore"):
        measurements = _compare_measurements(pair, candidate, baseline, confidence, faults.append)
    result = replace(result, measurements=measurements)
    if not faults:
        return result
    crash(result.name, trace_without_values(faults[0]))  # one is enough: they mostly are alike
    error = without_values(faults[0])
    compared = f"{len(faults)} of {len(measurements)} measurements"
    return _with_note(result, f"Comparing {compared} with the baseline crashed: {error}.")


def _with_note(result: CheckResult, note: str) -> CheckResult:
    return replace(result, notes=[*result.notes, note])


def _compare_measurements(
    pair: ModelPair,
    candidate: TracedResult,
    baseline: TracedResult,
    confidence: float,
    crash: Callable[[Exception | SystemExit], None],
) -> list[Measurement]:
    """Return the candidate's measurements, each with the baseline's of the same metric and ``where`` if there is one.

    Those of a metric without a direction are left alone. ``crash`` is called with the error of each comparison that
    crashes; its baseline has the method `CRASHED`.
    """
    references = {reference.key: reference for reference in baseline.result.measurements}
    compared = []
    for measurement in candidate.result.measurements:
        reference = references.get(measurement.key)
        facts = candidate.result.metrics[measurement.metric]
        if reference is None or not facts.better:
            compared.append(measurement)
            continue
        other = Baseline(
            value=reference.value,
            method=reference.method,
            better=facts.better,
            ideal=facts.ideal if facts.better == "ideal" else None,
            ci=reference.ci,
            counts=reference.counts,
            se=reference.se,
            identical=pair.identical,
        )
        try:
            traces = (candidate.trace(measurement), baseline.trace(reference))
            paired = replace(measurement, baseline=_with_dependence(pair, traces, measurement, other))
            compared.append(at_confidence(paired, confidence, confidence))
        except (Exception, SystemExit) as error:  # a plug-in's own fault costs one measurement
            crash(error)
            compared.append(_not_compared(measurement, other))
    return compared


def _with_dependence(
    pair: ModelPair, traces: tuple[TraceOf, TraceOf], measurement: Measurement, baseline: Baseline
) -> Baseline:
    """Add the discordant rows; where there are none, as of a mean, the correlation of both errors."""
    if pair.identical or measurement.method != baseline.method or not is_known(measurement.method):
        return baseline
    candidate_trace, baseline_trace = (trace() for trace in traces)
    require_counts(candidate_trace, measurement.counts, pair.candidate)
    require_counts(baseline_trace, baseline.counts, pair.candidate)
    if pairs := discordant_counts(candidate_trace, baseline_trace, pair.candidate):
        return replace(baseline, discordant=pairs)
    correlation = error_correlation(candidate_trace, baseline_trace, measurement.method, pair.candidate)
    return replace(baseline, correlation=correlation)


def _not_compared(measurement: Measurement, baseline: Baseline) -> Measurement:
    """Return the measurement with the baseline's value, without an interval of their difference."""
    crashed = replace(baseline, method=CRASHED, counts={}, se=None, identical=False)
    gain = improvement(replace(measurement, baseline=crashed))
    return replace(measurement, baseline=replace(crashed, improvement=gain))
