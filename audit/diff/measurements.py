"""Changes of measured values, each with what is known of it."""

from collections.abc import Sequence
from dataclasses import replace

from audit.diff.chance import equal, excludes_zero, joined, nearer, proven, span
from audit.diff.records import NAMED, Finding, MeasurementChange
from audit.diff.relation import Relation
from audit.formats.text.metric_facts import facts_of
from audit.result import CheckResult, Measurement, MetricFacts, Report
from audit.stats.interval_method import Interval
from audit.stats.methods import EXACT, METHODS, NONE

Pair = tuple[Measurement, Measurement]
"""A measurement in the old and in the new report."""

_ROWS_ALONE = "fisher-z"
"""Method of rank correlations of SHAP values: by its intervals alone, one pair of seeds in five would differ."""

_SAME = "the same model on the same rows, all of which are measured"
_SAME_DRAWS = "the same model, rows, settings, seed and versions"
_SEED = "the same model, rows, settings and versions: only what was drawn differs"
_EXACT = "exact: nothing was drawn to measure it"
_MEANING = "label, favourable outcome or row weights changed: the metric means another thing"
_REDEFINED = "the attribute is made of other columns"
_MEMBERS = "other groups are pooled here"
_SIZE = "its value depends on the number of rows, which changed"
_DRAWS = "its interval covers the rows, and not the reference rows that were drawn"
_NO_INTERVAL = "the difference has no interval"
_TESTED = "by the interval of the difference, corrected for all that were tested"


def by_key(report: Report) -> dict[object, Measurement]:
    """Return the measurements of a report by metric and ``where``, in its order."""
    return {m.key: m for check in report.checks for m in check.measurements}


def measurement_changes(old: Report, new: Report, shared: Relation) -> tuple[list[MeasurementChange], int]:
    """Return the changes of values that both reports have, and the number of values tested against chance."""
    before = by_key(old)
    pairs = [(before[key], measurement) for key, measurement in by_key(new).items() if key in before]
    facts = {metric: _facts(metric, old.checks, new.checks) for metric in {pair[1].metric for pair in pairs}}
    known = [_known(pair, facts[pair[1].metric], shared) for pair in pairs]
    changed = [at for at, pair in enumerate(pairs) if not equal(pair[0].value, pair[1].value)]
    joint = {
        at: joined(*pairs[at], shared, facts[pairs[at][1].metric].of_data)
        for at in changed
        if known[at] is None
    }
    spans = {at: span(pair) for at, pair in joint.items()}
    tests = known.count(None)
    named = proven({at: pair for at, pair in joint.items() if excludes_zero(spans[at])}, tests)
    decided = {m.key for report in (old, new) for rule in report.rules for m in rule.measurements}
    changes = []
    for at in changed:
        ci = spans.get(at)
        finding, reason = known[at] or _tested(at in named, ci)
        change = _change(pairs[at], finding, reason, ci)
        better = _is_better(change, facts[change.metric], joint.get(at))
        changes.append(replace(change, better=better, decides=change.new.key in decided))
    return changes, tests


def _facts(metric: str, old: Sequence[CheckResult], new: Sequence[CheckResult]) -> MetricFacts:
    """Return the new report's facts of a metric; it is sampled, or of the data, if either report says so."""
    before = facts_of(metric, old)
    after = facts_of(metric, new)
    return replace(after, sampled=after.sampled or before.sampled, of_data=after.of_data and before.of_data)


def _known(pair: Pair, facts: MetricFacts, shared: Relation) -> tuple[Finding, str] | None:
    """Return what is known of a pair without a test; None if that has to tell."""
    old, new = pair
    if not shared.outcome and not facts.of_data:
        return "not comparable", _MEANING
    if not shared.redefined.isdisjoint(str(new.where.get("attribute", "")).split("*")):
        return "not comparable", _REDEFINED
    if old.members != new.members:
        return "not comparable", _MEMBERS
    if _grows(new) and old.n != new.n:
        return "not comparable", _SIZE
    if _is_repeated(new.metric, facts, shared):
        if facts.sampled is None:
            return "not chance", _SAME
        if shared.same_draws:
            return "not chance", _SAME_DRAWS
        if shared.only_seed:
            return "chance", _SEED
    if new.method == _ROWS_ALONE and facts.sampled is not None:
        return "unknown", _DRAWS
    if old.method == new.method == EXACT.name:
        return ("not chance", _EXACT) if facts.sampled is None else ("unknown", _NO_INTERVAL)
    return None


def _is_repeated(metric: str, facts: MetricFacts, shared: Relation) -> bool:
    """Return whether both audits put the same question to the same model and rows."""
    references = shared.references or facts.sampled is None
    return shared.rows == "same" and shared.model and references and _check(metric) in shared.checks


def _grows(measurement: Measurement) -> bool:
    """Return whether more rows of the same kind change the value itself."""
    method = METHODS.get(measurement.method, NONE)
    return method not in (EXACT, NONE) and method.counts.growth is None


def _tested(is_named: bool, ci: Interval | None) -> tuple[Finding, str]:
    if ci is None:
        return "unknown", _NO_INTERVAL
    return ("more than chance" if is_named else "chance"), _TESTED


def _change(pair: Pair, finding: Finding, reason: str, ci: Interval | None) -> MeasurementChange:
    old, new = pair
    return MeasurementChange(
        metric=new.metric,
        where=new.where,
        old=old,
        new=new,
        change=new.value - old.value,
        finding=finding,
        reason=reason,
        ci=ci,
    )


def _is_better(change: MeasurementChange, facts: MetricFacts, joint: Measurement | None) -> bool | None:
    """Return whether the new value is surely better, or surely worse; None if neither is known."""
    if facts.better is None or change.finding not in NAMED:
        return None
    if facts.better != "ideal":
        return (change.change > 0.0) == (facts.better == "higher")
    ideal = facts.ideal or 0.0
    if joint is None:
        return abs(change.new.value - ideal) < abs(change.old.value - ideal)
    gain = nearer(joint, ideal)
    return None if gain is None or gain[0] <= 0.0 <= gain[1] else gain[0] > 0.0


def _check(metric: str) -> str:
    return metric.partition(".")[0]
