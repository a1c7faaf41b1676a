"""Lint of a policy's rules: limits that no value or the ideal breaks, rules that cover nothing or are underpowered.

Warnings appear next to the verdict and never change it.
"""

from collections.abc import Iterator, Mapping, Sequence

from audit.errors import did_you_mean, quote_list
from audit.gate.attainable import never_attainable, underpowered
from audit.gate.claims import ANY, covered, finding, same
from audit.gate.coverage import listed
from audit.gate.pooled_groups import heterogeneous_pools
from audit.gate.uncovered_groups import uncovered_groups
from audit.gate.unlimited_values import in_other_direction, of_improvements
from audit.gate.vacuity import vacuous
from audit.policy.gate_spec import GateSpec, Rule
from audit.result import GROUP_KEYS, CheckResult, Measurement, MetricFacts
from audit.result.small_groups import family, group_name, is_small, where_in_words
from audit.stats.methods import EXACT

_ABSOLUTE = ("at_least", "at_most", "within")


def beyond_ideal(rule: Rule, facts: MetricFacts | None) -> Iterator[str]:
    """Yield a sentence if the ideal value breaks the rule, for metrics whose ideal is not the end of a direction.

    An upper limit on a metric that is better the higher it is, such as an AUC, is intended: more is not believable.
    """
    if facts is None or facts.ideal is None or facts.better in ("higher", "lower") or not rule.is_absolute:
        return
    low, high = rule.bounds
    if not low <= facts.ideal <= high:
        broken = [limit for limit in rule.limit if limit in _ABSOLUTE]
        limits = " and ".join(f"'{limit}: {rule.limit[limit]:g}'" for limit in broken)
        yield f"the ideal value, {facts.ideal:g}, is outside {limits}"


_MAX_LISTED = 3


def warnings_of(
    gate: GateSpec,
    metrics: Mapping[str, MetricFacts],
    results: Sequence[CheckResult],
    protected: Sequence[str] = (),
    intersections: Sequence[str] = (),
) -> list[str]:
    """Return a sentence for each rule that cannot break, that the ideal breaks, or that misses what was measured.

    ``metrics`` holds the facts of all metrics of the enabled checks, by ``check.metric``; ``protected`` are the
    policy's attributes, and ``intersections`` the names of those that it names.
    """
    rules = gate.rules or ()
    measurements = [m for result in results if result.status == "measured" for m in result.measurements]
    of_rules = [
        f"{rule.id}: {sentence}"
        for rule in rules
        for sentence in (
            *vacuous(rule, metrics.get(rule.metric)),
            *beyond_ideal(rule, metrics.get(rule.metric)),
            *_uncovered(rule, [m for m in measurements if m.metric == rule.metric]),
            *_partly_measured(rule, covered(rule, measurements), protected),
            *_underpowered(rule, covered(rule, measurements), gate, metrics.get(rule.metric)),
            *_intersections_outside(rule, results, protected),
            *_privileged_outside(rule, results, protected),
            *_uninformative(rule, covered(rule, measurements), metrics.get(rule.metric)),
            *in_other_direction(rule, rules, measurements, metrics.get(rule.metric)),
            *of_improvements(rule, rules, measurements, metrics.get(rule.metric)),
            *heterogeneous_pools(rule, measurements, gate.min_rows),
        )
    ]
    return [*of_rules, *uncovered_groups(rules, protected, intersections, measurements)]


def _uncovered(rule: Rule, measured: Sequence[Measurement]) -> Iterator[str]:
    """Yield the part of ``where`` that matches nothing, with the nearest value that was measured."""
    if not rule.where or not measured or covered(rule, measured):
        return
    for key, value in rule.where.items():
        known = list(dict.fromkeys(m.where[key] for m in measured if key in m.where))
        if not known:
            keys = sorted({key for m in measured for key in m.where})
            yield f"'where' covers nothing: {rule.metric} is not measured by {key!r}, but by {quote_list(keys)}"
            return
        if not any(same(key, value, other) for other in known):
            guess = did_you_mean(value, known)
            yield f"'where' covers nothing: no {key} {value!r} was measured{guess}, but {quote_list(known)}"
            return
    grouped = rule.model_copy(update={"where": {**rule.where, "attribute": ANY}})
    if GROUP_KEYS.isdisjoint(rule.where) and covered(grouped, measured):
        yield f"'where' covers nothing: {rule.metric} is measured by group here, so add attribute: '{ANY}'"
        return
    yield "'where' covers nothing: no measurement matches all of its keys at once, though each one is measured"


def _partly_measured(rule: Rule, measured: Sequence[Measurement], protected: Sequence[str]) -> Iterator[str]:
    """Yield the protected attributes that a rule on all of them cannot decide on, as one without a column to change."""
    attributes = [m.where["attribute"] for m in measured if m.where.keys() == {"attribute"}]
    missing = [name for name in protected if name not in attributes]
    if attributes and missing and rule.where.get("attribute", ANY) == ANY:
        yield f"{rule.metric} was not measured for {quote_list(missing)}, so that the rule does not decide on it"


def _underpowered(
    rule: Rule, measured: Sequence[Measurement], gate: GateSpec, facts: MetricFacts | None
) -> Iterator[str]:
    """Yield the measurements that have too few rows; groups that the policy leaves out are listed elsewhere."""
    ideal = facts.ideal if facts else None
    decided = [m for m in measured if not is_small(m, gate.min_rows)]
    if any(never_attainable(rule, m, gate.confidence, ideal) for m in decided):
        yield "the rule cannot pass with any number of rows: even the best value equals the limit, so widen the limit"
        return
    reasons = [(m, underpowered(rule, m, gate.confidence, ideal)) for m in decided]
    thin = [f"{_name(m)} ({reason})" for m, reason in reasons if reason]
    if thin:
        more = f" and {len(thin) - _MAX_LISTED} more" if len(thin) > _MAX_LISTED else ""
        yield f"too few rows for the rule to pass: {'; '.join(thin[:_MAX_LISTED])}{more}. Audit more rows"


def _uninformative(rule: Rule, measured: Sequence[Measurement], facts: MetricFacts | None) -> Iterator[str]:
    """Yield the measurements whose exact value of 0 is no evidence of the model, as the metric says."""
    low, high = rule.bounds
    if not (facts and facts.exact_zero and rule.is_absolute and low <= 0.0 <= high):
        return
    for measurement in measured:
        if measurement.method == EXACT.name and measurement.value == 0.0:
            yield f"{measurement.where.get('attribute', 'all rows')!r}: {facts.exact_zero}"


def _intersections_outside(
    rule: Rule, results: Sequence[CheckResult], protected: Sequence[str]
) -> Iterator[str]:
    """Yield the groups of intersections, not covered by the rule, that lie wholly outside its limit."""
    unasked = [m for result in results for m in result.unasked]
    own_measurements = [m for result in results for m in result.measurements if not covered(rule, [m])]
    outside = [
        m
        for m in (*unasked, *own_measurements)
        if m.where.get("attribute") not in protected
        and any(rule.limits_group_of(name) for name in _parts(m))
        and _is_outside(m, rule)
    ]
    outside = [m for m in outside if not _is_listed_by_members(m, outside)]
    if outside:
        names = " and on ".join(map(repr, dict.fromkeys(m.where["attribute"] for m in outside)))
        new = dict.fromkeys(m.where["attribute"] for m in outside if m in unasked)
        naming = f", and name {' and '.join(map(repr, new))} in data.intersections" if new else ""
        number = (
            "1 group of an intersection is"
            if len(outside) == 1
            else f"{len(outside)} groups of intersections are"
        )
        yield (
            f"{number} outside the limit and not covered by the rule: {listed(outside)}. To decide on them, add a rule "
            f"on {names}{naming}"
        )


def _privileged_outside(
    rule: Rule, results: Sequence[CheckResult], protected: Sequence[str]
) -> Iterator[str]:
    """Yield the privileged groups that lie wholly outside the rule's limit against the other privileged ones."""
    outside = [
        m
        for result in results
        for m in result.unasked
        if m.where.get("attribute") in protected
        and rule.limits_group_of(str(m.where["attribute"]))
        and _is_outside(m, rule)
    ]
    if outside:
        yield (
            "the privileged groups, which every comparison takes together, differ among themselves by more than the "
            f"limit allows; against the other privileged groups: {listed(outside)}. Name only one group as privileged"
        )


def _is_listed_by_members(pool: Measurement, outside: Sequence[Measurement]) -> bool:
    """Return whether a pool of small groups is outside with one of its groups, which says more."""
    return any(family(m) == family(pool) and group_name(m) in pool.members for m in outside if m is not pool)


def _is_outside(measurement: Measurement, rule: Rule) -> bool:
    same_metric = measurement.metric == rule.metric
    return same_metric and finding(measurement.value, measurement.ci, *rule.bounds) == "breaks"


def _parts(measurement: Measurement) -> list[str]:
    """Return what may be the attributes of an intersection, whose own names may hold a ``*``; none of another."""
    words = str(measurement.where.get("attribute", "")).split("*")
    spans = [(first, last) for first in range(len(words)) for last in range(first + 1, len(words) + 1)]
    return ["*".join(words[first:last]) for first, last in spans if last - first < len(words)]


def _name(measurement: Measurement) -> str:
    where = where_in_words(measurement)
    values = [str(value) for key, value in where.items() if key not in ("attribute", "privileged")]
    return ", ".join(values) or "all rows"
