"""What is wrong with a policy's rules whatever the model: limits that nothing breaks, rules on nothing.

Warnings stand beside the verdict and never change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.coverage import covered, same
from audit.decidable import too_few
from audit.errors import nearest, some
from audit.policy.model import GateSpec, Rule
from audit.result import CheckResult, Measurement, MetricFacts

_SHOWN = 6


def warnings_of(
    gate: GateSpec, metrics: Mapping[str, MetricFacts], results: Sequence[CheckResult]
) -> list[str]:
    """Return a sentence for each rule that is vacuous, covers nothing, or cannot pass on these rows.

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
            *_uncovered(rule, [m for m in found if m.metric == rule.metric]),
            *_too_few(rule, covered(rule, found), gate),
        )
    ]


def vacuous(rule: Rule, facts: MetricFacts | None) -> Iterator[str]:
    """Yield for each limit that no value of the metric can break why that is so."""
    if facts is None:
        return
    for limit, given in rule.limit.items():
        end = _furthest(limit, facts)
        if end is not None and end <= given * (-1.0 if limit == "at_least" else 1.0):
            yield f"no value breaks '{limit}: {given:g}', since {_range(facts)}"


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


def _uncovered(rule: Rule, measured: Sequence[Measurement]) -> Iterator[str]:
    """Yield which part of ``where`` matches nothing, with the nearest value that was measured."""
    if not rule.where or not measured or covered(rule, measured):
        return
    for key, wanted in rule.where.items():
        known = list(dict.fromkeys(m.where[key] for m in measured if key in m.where))
        if not known:
            keys = sorted({key for m in measured for key in m.where})
            yield f"'where' covers nothing: {rule.metric} is not measured by {key!r}; known: {some(keys)}"
            return
        if not any(same(key, wanted, value) for value in known):
            guess = nearest(wanted, known)
            yield f"'where' covers nothing: no {key} {wanted!r} was measured{guess}; known: {some(known)}"
            return
    yield "'where' covers nothing: each part of it was measured, and nothing that matches them all"


def _too_few(rule: Rule, measured: Sequence[Measurement], gate: GateSpec) -> Iterator[str]:
    """Yield what the rows are too few for; groups that the policy leaves out are listed elsewhere."""
    thin = []
    for found in measured:
        reason = too_few(rule, found, gate.confidence)
        if reason and not (found.speaks_of_groups and found.rows < gate.min_rows):
            thin.append(f"{_name(found)} ({reason})")
    if thin:
        more = f" and {len(thin) - _SHOWN} more" if len(thin) > _SHOWN else ""
        yield f"these rows are too few for it to pass: {'; '.join(thin[:_SHOWN])}{more}"


def _name(found: Measurement) -> str:
    where = {key: value for key, value in found.where.items() if key not in ("attribute", "privileged")}
    return ", ".join(str(value) for value in where.values()) or "all rows"
