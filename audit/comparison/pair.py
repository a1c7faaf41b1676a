"""Puts beside each measurement of the candidate what the baseline measured, and how the two hang together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from audit.comparison.error_correlation import correlation, discordant
from audit.result import Baseline, CheckResult, Measurement, MetricFacts, Scalar
from audit.stats import improvement, is_known
from audit.stats.confidence import at_confidence
from audit.stats.influence import Trace
from audit.stats.paired_intervals import CRASHED
from audit.subject.subject import Subject

Key = tuple[str, frozenset[tuple[str, Scalar]]]
TraceOf = Callable[[], Trace | None]
Traces = tuple[TraceOf, TraceOf]


@dataclass(frozen=True)
class TracedResult:
    """What a check measured on one model, with the trace of each measurement that has one, by `Measurement.key`."""

    result: CheckResult
    traces: Mapping[Key, TraceOf]

    def trace(self, measurement: Measurement) -> TraceOf:
        """Return the function that computes the trace of a measurement."""
        return self.traces.get(measurement.key, lambda: None)


@dataclass(frozen=True)
class Pair:
    """Candidate and baseline on the same rows."""

    candidate: Subject
    baseline: Subject

    @property
    def identical(self) -> bool:
        """Whether both are the same bytes, read alike, so that nothing can tell them apart."""
        ours, theirs = self.candidate.model_facts, self.baseline.model_facts
        return replace(theirs, path=ours.path) == ours


def compared(
    pair: Pair,
    candidate: TracedResult,
    baseline: TracedResult,
    confidence: float,
    crash: Callable[[Exception | SystemExit], None],
) -> list[Measurement]:
    """Return the candidate's measurements, each with the baseline's of the same metric and ``where`` if there is one.

    Args:
        pair: both models.
        candidate: the candidate's measurements; those of a metric without a direction are left alone.
        baseline: the baseline's.
        confidence: confidence of the intervals of the improvement.
        crash: called with the error of each comparison that crashes; its baseline has the method `CRASHED`.
    """
    others = {found.key: found for found in baseline.result.measurements}
    compared = []
    for found in candidate.result.measurements:
        other, facts = others.get(found.key), candidate.result.metrics[found.metric]
        if other is None or not facts.better:
            compared.append(found)
            continue
        try:
            traces = candidate.trace(found), baseline.trace(other)
            compared.append(_beside(pair, traces, found, other, facts, confidence))
        except (Exception, SystemExit) as error:  # a plug-in's own fault costs one measurement
            crash(error)
            compared.append(_not_compared(found, other, facts))
    return compared


def _beside(
    pair: Pair, traces: Traces, ours: Measurement, theirs: Measurement, facts: MetricFacts, confidence: float
) -> Measurement:
    baseline = replace(_alone(theirs, facts), identical=pair.identical)
    if not pair.identical and ours.method == theirs.method and is_known(ours.method):
        baseline = _joint(pair, traces, ours, baseline)
    return at_confidence(replace(ours, baseline=baseline), confidence, confidence)


def _alone(theirs: Measurement, facts: MetricFacts) -> Baseline:
    assert facts.better is not None  # asked before
    return Baseline(
        value=theirs.value,
        method=theirs.method,
        better=facts.better,
        ideal=facts.ideal if facts.better == "ideal" else None,
        ci=theirs.ci,
        counts=theirs.counts,
        se=theirs.se,
    )


def _not_compared(ours: Measurement, theirs: Measurement, facts: MetricFacts) -> Measurement:
    """Return the measurement with the baseline's value, of whose distance nothing is known."""
    baseline = replace(_alone(theirs, facts), method=CRASHED, counts={}, se=None)
    gained = improvement(replace(ours, baseline=baseline))
    return replace(ours, baseline=replace(baseline, improvement=gained))


def _joint(pair: Pair, traces: Traces, ours: Measurement, baseline: Baseline) -> Baseline:
    """Add the discordant rows; where there are none to tell, as of a mean, the correlation."""
    first, second = (trace() for trace in traces)
    if pairs := discordant(first, second, pair.candidate):
        return replace(baseline, discordant=pairs)
    return replace(baseline, correlation=correlation(first, second, ours.method, pair.candidate))
