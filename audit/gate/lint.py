"""What is wrong with a policy's rules whatever the model: limits that nothing or the ideal breaks, rules on nothing.

Warnings stand beside the verdict and never change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.errors import did_you_mean, quote_list
from audit.gate.attainable import never_attainable, underpowered
from audit.gate.selection import ANY, covered, same
from audit.policy.gate_spec import GateSpec, Rule
from audit.result import GROUP_KEYS, CheckResult, Measurement, MetricFacts
from audit.stats.methods import EXACT

_ABSOLUTE = ("at_least", "at_most", "within")


def vacuous(rule: Rule, facts: MetricFacts | None) -> Iterator[str]:
    """Yield for each limit that no value of the metric can break why that is so."""
    if facts is None:
        return
    for limit, given in rule.limit.items():
        end = _furthest(limit, facts)
        if end is not None and end <= given * (-1.0 if limit == "at_least" else 1.0):
            yield f"no value breaks '{limit}: {given:g}', since {_range(facts)}"


def beyond_ideal(rule: Rule, facts: MetricFacts | None) -> Iterator[str]:
    """Yield that the ideal value breaks the rule, of metrics whose ideal is no end of better and better.

    An upper limit on what is better the higher it is, such as an AUC, says what is no longer believable, and is meant.
    """
    if facts is None or facts.ideal is None or facts.better in ("higher", "lower") or not rule.is_absolute:
        return
    low, high = rule.bounds
    if not low <= facts.ideal <= high:
        broken = [limit for limit in rule.limit if limit in _ABSOLUTE]
        limits = " and ".join(f"'{limit}: {rule.limit[limit]:g}'" for limit in broken)
        yield f"the ideal value {facts.ideal:g} breaks {limits}"


def _furthest(limit: str, facts: MetricFacts) -> float | None:
    """Return the loosest limit that some value of the metric still reaches; a lower limit with its sign changed."""
    low, high = facts.low, facts.high
    if limit == "at_least":
        return None if low is None else -low
    if limit == "at_most":
        return high
    if low is None or high is None or limit == "better_than_baseline_by":
        return None
    if limit == "within":
        return max(abs(low), abs(high))
    middle = facts.ideal or 0.0
    return max(abs(low - middle), abs(high - middle)) if facts.better == "ideal" else high - low


def _range(facts: MetricFacts) -> str:
    if facts.low is not None and facts.high is not None:
        return f"the metric lies between {facts.low:g} and {facts.high:g}"
    return f"the metric is never {f'below {facts.low:g}' if facts.high is None else f'above {facts.high:g}'}"


_SHOWN = 6


def warnings_of(
    gate: GateSpec, metrics: Mapping[str, MetricFacts], results: Sequence[CheckResult]
) -> list[str]:
    """Return a sentence for each rule that cannot break, that the ideal breaks, or that cannot pass on these rows.

    Args:
        gate: rules with ids.
        metrics: the facts of everything that the enabled checks offer, by ``check.metric``.
        results: what was measured.
    """
    found = [m for result in results if result.status == "measured" for m in result.measurements]
    return [
        f"{rule.id}: {words}"
        for rule in gate.rules or ()
        for words in (
            *vacuous(rule, metrics.get(rule.metric)),
            *beyond_ideal(rule, metrics.get(rule.metric)),
            *_uncovered(rule, [m for m in found if m.metric == rule.metric]),
            *_too_few(rule, covered(rule, found), gate, metrics.get(rule.metric)),
            *_uninformative(rule, covered(rule, found), metrics.get(rule.metric)),
        )
    ]


def _uncovered(rule: Rule, measured: Sequence[Measurement]) -> Iterator[str]:
    """Yield which part of ``where`` matches nothing, with the nearest value that was measured."""
    if not rule.where or not measured or covered(rule, measured):
        return
    for key, wanted in rule.where.items():
        known = list(dict.fromkeys(m.where[key] for m in measured if key in m.where))
        if not known:
            keys = sorted({key for m in measured for key in m.where})
            yield f"'where' covers nothing: {rule.metric} is not measured by {key!r}; known: {quote_list(keys)}"
            return
        if not any(same(key, wanted, value) for value in known):
            guess = did_you_mean(wanted, known)
            yield f"'where' covers nothing: no {key} {wanted!r} was measured{guess}; known: {quote_list(known)}"
            return
    grouped = rule.model_copy(update={"where": {**rule.where, "attribute": ANY}})
    if GROUP_KEYS.isdisjoint(rule.where) and covered(grouped, measured):
        yield f"'where' covers nothing: {rule.metric} is measured by attribute as well: add attribute: \"{ANY}\""
        return
    yield "'where' covers nothing: each part of it was measured, and nothing that matches them all"


def _too_few(
    rule: Rule, measured: Sequence[Measurement], gate: GateSpec, facts: MetricFacts | None
) -> Iterator[str]:
    """Yield what the rows are too few for; groups that the policy leaves out are listed elsewhere."""
    ideal = facts.ideal if facts else None
    decided = [m for m in measured if not (m.speaks_of_groups and m.rows < gate.min_rows)]
    if any(never_attainable(rule, found, gate.confidence, ideal) for found in decided):
        yield "no number of rows lets it pass: no interval lies inside the limit as a whole"
        return
    reasons = [(found, underpowered(rule, found, gate.confidence, ideal)) for found in decided]
    thin = [f"{_name(found)} ({reason})" for found, reason in reasons if reason]
    if thin:
        more = f" and {len(thin) - _SHOWN} more" if len(thin) > _SHOWN else ""
        yield f"these rows are too few for it to pass: {'; '.join(thin[:_SHOWN])}{more}"


def _uninformative(rule: Rule, measured: Sequence[Measurement], facts: MetricFacts | None) -> Iterator[str]:
    """Yield the measurements whose exact value of 0 is no evidence of the model, as the metric says."""
    low, high = rule.bounds
    if not (facts and facts.exact_zero and rule.is_absolute and low <= 0.0 <= high):
        return
    for measurement in measured:
        if measurement.method == EXACT.name and measurement.value == 0.0:
            yield f"{measurement.where.get('attribute', 'all rows')}: {facts.exact_zero}"


def _name(found: Measurement) -> str:
    where = {key: value for key, value in found.where.items() if key not in ("attribute", "privileged")}
    return ", ".join(str(value) for value in where.values()) or "all rows"
