"""Whether the difference of two measurements is more than chance: its interval, and Holm's correction.

The reports hold counts and standard errors, not rows. So what two estimates have in common is known in a few cases
only, and everywhere else the widest interval that is possible decides; `docs/diff.md` says which, and why.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from audit.diff.relation import Relation
from audit.result import Baseline, Measurement
from audit.stats import paired_interval
from audit.stats.holm import rejected
from audit.stats.interval_method import Interval
from audit.stats.methods import method_named

CONFIDENCE = 0.95
"""Of all intervals of differences; 1 minus it is the probability that any change at all is named by chance."""

_ROUNDING = 1e-9


def joined(old: Measurement, new: Measurement, shared: Relation, of_data: bool) -> Measurement:
    """Return the new measurement with the old one as its baseline, so that `paired_interval` bounds the difference.

    The improvement is new minus old, whichever direction is better. ``of_data`` is whether the value follows from the
    data alone.
    """
    if shared.paired and (baseline := _stored_pairing(old, new)):
        return replace(new, baseline=replace(baseline, better="higher", ideal=None))
    positive = shared.model or of_data or shared.rows == "other"
    baseline = Baseline(
        value=old.value,
        method=old.method,
        better="higher",
        counts=old.counts,
        se=old.se,
        discordant={} if positive or not shared.independent_rows else _most_discordant(old, new),
        correlation=0.0 if positive else None,
    )
    return replace(new, baseline=baseline)


def span(pair: Measurement, error: float = 1.0 - CONFIDENCE) -> Interval | None:
    """Return the two-sided interval of a `joined` pair's difference at an error in (0, 1); None where it has none."""
    return paired_interval(pair, 1.0 - error)


def excludes_zero(ci: Interval | None) -> bool:
    """Return whether an interval of a difference lies on one side of 0."""
    return ci is not None and not ci[0] <= 0.0 <= ci[1]


def nearer(pair: Measurement, ideal: float) -> Interval | None:
    """Return the interval of the decrease of a `joined` pair's distance to an ideal."""
    if pair.baseline is None:
        return None
    return span(replace(pair, baseline=replace(pair.baseline, better="ideal", ideal=ideal)))


def proven(pairs: Mapping[int, Measurement], tests: int) -> set[int]:
    """Return the keys of the `joined` pairs that differ after Holm's correction over ``tests`` differences.

    Pairs whose interval at `CONFIDENCE` includes 0 may be left out of ``pairs``.
    """
    return rejected(pairs, tests, 1.0 - CONFIDENCE, lambda key, error: excludes_zero(span(pairs[key], error)))


def equal(old: float, new: float) -> bool:
    """Return whether two values are equal up to rounding, which differs between machines."""
    both_undefined = math.isnan(old) and math.isnan(new)
    return both_undefined or old == new or math.isclose(old, new, rel_tol=_ROUNDING, abs_tol=1e-12)


def _stored_pairing(old: Measurement, new: Measurement) -> Baseline | None:
    """Return the new report's comparison with its baseline, if it measured the baseline as the old report did."""
    baseline = new.baseline
    if baseline is None or baseline.method != old.method or not equal(baseline.value, old.value):
        return None
    return baseline if _alike(baseline.counts, old.counts) else None


def _alike(one: dict[str, list[float]], other: dict[str, list[float]]) -> bool:
    if one.keys() != other.keys():
        return False
    pairs = ((a, b) for name in one for a, b in zip(one[name], other[name], strict=False))
    return all(len(one[name]) == len(other[name]) for name in one) and all(equal(a, b) for a, b in pairs)


def _most_discordant(old: Measurement, new: Measurement) -> dict[str, list[float]]:
    """Return for each proportion the most discordant rows that both counts allow; empty without proportions.

    No two models with these counts differ on more rows, and no interval of their difference is wider. Fréchet's bounds.
    """
    if new.method != old.method or method_named(new.method).counts.shape != "proportions":
        return {}
    if new.counts.keys() != old.counts.keys():
        return {}
    pairs = {}
    for name, (events, rows) in new.counts.items():
        old_events, old_rows = old.counts[name]
        if not equal(rows, old_rows):
            return {}
        only_new = min(events, rows - old_events)
        pairs[name] = [only_new, old_events - events + only_new, rows]
    return pairs
