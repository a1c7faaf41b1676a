"""Puts beside each measurement of the candidate what the baseline measured, and how the two hang together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.check import Check
from audit.comparison.error_correlation import correlation, discordant
from audit.result import Baseline, Measurement, MetricFacts
from audit.stats import improvement, is_known
from audit.stats.confidence import at_confidence
from audit.stats.paired_intervals import CRASHED
from audit.subject.subject import Subject


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
    check: Check,
    ours: Sequence[Measurement],
    theirs: Sequence[Measurement],
    metrics: Mapping[str, MetricFacts],
    confidence: float,
    crash: Callable[[Exception | SystemExit], None],
) -> list[Measurement]:
    """Return the candidate's measurements, each with the baseline's of the same metric and ``where`` if there is one.

    Args:
        pair: both models.
        check: what measured both.
        ours: the candidate's measurements.
        theirs: the baseline's.
        metrics: says which way each is better; one without a direction is left alone.
        confidence: of the intervals of the improvement.
        crash: told of each measurement whose comparison crashes; its baseline has the method `CRASHED`.
    """
    others = {_key(found): found for found in theirs}
    compared = []
    for found in ours:
        other, facts = others.get(_key(found)), metrics[found.metric]
        if other is None or not facts.better:
            compared.append(found)
            continue
        try:
            compared.append(_beside(pair, check, found, other, facts, confidence))
        except (Exception, SystemExit) as error:  # a plug-in's own fault costs one measurement
            crash(error)
            compared.append(_not_compared(found, other, facts))
    return compared


def _key(found: Measurement) -> Hashable:
    return found.metric, frozenset(found.where.items())


def _beside(
    pair: Pair, check: Check, ours: Measurement, theirs: Measurement, facts: MetricFacts, confidence: float
) -> Measurement:
    baseline = replace(_alone(theirs, facts), identical=pair.identical)
    if not pair.identical and ours.method == theirs.method and is_known(ours.method):
        baseline = _joint(pair, check, ours, theirs, baseline)
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


def _joint(pair: Pair, check: Check, ours: Measurement, theirs: Measurement, baseline: Baseline) -> Baseline:
    """Add the discordant rows; where there are none to tell, as of a mean, the correlation."""
    traces = check.trace(pair.candidate, ours), check.trace(pair.baseline, theirs)
    if pairs := discordant(*traces, pair.candidate):
        return replace(baseline, discordant=pairs)
    return replace(baseline, correlation=correlation(*traces, ours.method, pair.candidate))
