"""Limits that no value of a metric breaks, and limits that its ideal value breaks."""

from __future__ import annotations

from collections.abc import Iterator

from audit.policy.model import Rule
from audit.result import MetricFacts

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
