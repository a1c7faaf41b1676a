"""Values that a rule leaves unlimited: in the other direction, or since only their improvement is limited."""

import math
from collections.abc import Iterator, Sequence

from audit.gate.claims import covered, finding
from audit.gate.coverage import listed
from audit.numbers import written
from audit.policy.gate_spec import DEFAULT_DIFFERENCE, DEFAULT_RATIO, Rule
from audit.result import Measurement, MetricFacts


def in_other_direction(
    rule: Rule, rules: Sequence[Rule], measured: Sequence[Measurement], facts: MetricFacts | None
) -> Iterator[str]:
    """Yield the values beyond a one-sided limit mirrored at the ideal value, where no rule limits that side.

    Of a ratio (ideal 1) the mirrored limit is the reciprocal, of a difference (ideal 0) the one of the other sign.
    """
    low, high = rule.bounds
    if facts is None or facts.better != "ideal" or facts.ideal is None or math.isinf(low) == math.isinf(high):
        return
    if not low <= facts.ideal <= high:
        return
    mirrored = _mirrored(high if math.isinf(low) else low, facts.ideal, is_ratio=_is_ratio(facts))
    ends = (mirrored, high) if math.isinf(low) else (low, mirrored)
    open_side = 0 if math.isinf(low) else 1
    others = [
        other for other in rules if other.metric == rule.metric and math.isfinite(other.bounds[open_side])
    ]
    beyond = [
        m
        for m in covered(rule, measured)
        if _is_beyond(m, ends, open_side) and not any(covered(other, [m]) for other in others)
    ]
    if beyond:
        yield (
            f"the rule limits one direction only, and these values are beyond {written(mirrored)}, the same limit in "
            f"the other direction: {listed(beyond)}. Limit both directions, and check that 'privileged' in "
            "data.protected is the group that is treated better"
        )


def of_improvements(
    rule: Rule, rules: Sequence[Rule], measured: Sequence[Measurement], facts: MetricFacts | None
) -> Iterator[str]:
    """Yield the comparisons outside the default limits of which the policy limits the improvement only."""
    if rule.is_absolute or facts is None or facts.better != "ideal":
        return
    absolute = [other for other in rules if other.is_absolute]
    low, high = DEFAULT_RATIO if _is_ratio(facts) else (-DEFAULT_DIFFERENCE, DEFAULT_DIFFERENCE)
    outside = [
        m
        for m in covered(rule, measured)
        if "unprivileged" in m.where
        and finding(m.value, m.ci, low, high) == "breaks"
        and not any(covered(other, _alike(m, measured)) for other in absolute)
    ]
    if outside:
        yield (
            f"the rule limits the improvement over the baseline only, and these values are outside {written(low)} to "
            f"{written(high)}, the limits of the default rules: {listed(outside)}. Add a rule that limits the value"
        )


def _is_ratio(facts: MetricFacts) -> bool:
    return facts.low == 0.0 and facts.ideal == 1.0


def _mirrored(limit: float, ideal: float, is_ratio: bool) -> float:
    if is_ratio:
        return ideal**2 / limit if limit > 0 else math.inf
    return 2 * ideal - limit


def _is_beyond(measurement: Measurement, ends: tuple[float, float], side: int) -> bool:
    """Return whether the whole interval lies beyond the end of that side: 0 below the lower, 1 above the upper."""
    if finding(measurement.value, measurement.ci, *ends) != "breaks":
        return False
    return measurement.value < ends[0] if side == 0 else measurement.value > ends[1]


def _alike(measurement: Measurement, measured: Sequence[Measurement]) -> list[Measurement]:
    """Return the measurements of any metric that compare the same groups."""
    return [m for m in measured if m.where == measurement.where]
