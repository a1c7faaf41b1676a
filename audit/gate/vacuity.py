"""Rules that could not have failed: no value of the metric, or none that these decisions allow, breaks the limit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, isinf

from audit.gate.claims import Claim
from audit.numbers import number, written
from audit.policy.gate_spec import Rule
from audit.result import MetricFacts
from audit.stats import improvement
from audit.stats.methods import EXACT

_IDENTICAL = (
    "the baseline is the candidate itself, so the improvement is 0 and could not have broken the limit"
)

_ABSOLUTE = frozenset({"at_least", "at_most", "within"})


def vacuous(rule: Rule, facts: MetricFacts | None) -> Iterator[str]:
    """Yield the reason for each limit that no value of the metric can break."""
    if facts is None:
        return
    for limit in rule.limit:
        if not _breakable(rule, limit, facts):
            yield (
                f"no value can be outside '{limit}: {rule.limit[limit]:g}', because {_range(facts)}: choose a stricter "
                "limit"
            )


def unfailable(rule: Rule, claims: Sequence[Claim], facts: MetricFacts | None) -> str:
    """Return why none of the claims could have broken; empty if one could, or if there are none.

    A rule that could not have failed is no evidence of the model, so that it does not pass.
    """
    reasons = [_unbreakable(rule, claim, facts) for claim in claims]
    return "; ".join(dict.fromkeys(reasons)) if all(reasons) else ""


def _unbreakable(rule: Rule, claim: Claim, facts: MetricFacts | None) -> str:
    """Return why no value that was possible breaks the claim; empty if one does."""
    limits = [limit for limit in rule.limit if (limit in _ABSOLUTE) != claim.paired]
    baseline = claim.measurement.baseline
    if claim.paired and baseline and baseline.identical:
        return _IDENTICAL
    if facts and not any(_breakable(rule, limit, facts) for limit in limits):
        return f"no value of the metric can be outside the limit, because {_range(facts)}"
    measurement = claim.measurement
    if facts and facts.exact_zero and not claim.paired and is_uninformative(claim, facts):
        return f"{measurement.where.get('attribute', 'all rows')!r}: {facts.exact_zero}"
    if measurement.permuted_range is None:
        return ""
    ends = [_value_at(claim, end) for end in measurement.permuted_range]
    if not all(claim.low <= end <= claim.high for end in ends):
        return ""
    low, high = measurement.permuted_range
    if low == high:
        return "the decision is the same for every row, so the value could not have broken the limit"
    return (
        f"whichever rows the same decisions fall on, the value is between {number(low)} and {number(high)}, so it "
        "could not have broken the limit"
    )


def is_uninformative(claim: Claim, facts: MetricFacts) -> bool:
    """Return whether the claim is on an exact value of 0 that is no evidence of the model, as the metric says."""
    measurement = claim.measurement
    return bool(facts.exact_zero) and measurement.method == EXACT.name and measurement.value == 0.0


def _value_at(claim: Claim, value: float) -> float:
    """Return what the claim limits if the measured value is ``value``."""
    return improvement(replace(claim.measurement, value=value)) if claim.paired else value


def _breakable(rule: Rule, limit: str, facts: MetricFacts) -> bool:
    """Return whether some value of the metric breaks one of the rule's limits."""
    loosest = _loosest(limit, facts)
    return loosest is None or loosest > rule.limit[limit] * (-1.0 if limit == "at_least" else 1.0)


def _loosest(limit: str, facts: MetricFacts) -> float | None:
    """Return the loosest limit that some value of the metric still reaches; a lower limit with its sign changed."""
    low = facts.low
    high = facts.high
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
    low = -inf if facts.low is None else facts.low
    high = inf if facts.high is None else facts.high
    if isinf(high):
        return f"the metric is never below {written(low)}"
    return f"the metric {'is never above' if isinf(low) else f'is always between {written(low)} and'} {written(high)}"
