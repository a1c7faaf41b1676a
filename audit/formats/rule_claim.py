"""A rule as sentences: its title, what was measured with the rates behind it, and how sure that is."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from audit.formats.rule_text import PlacedMeasurements
from audit.formats.text import margins
from audit.formats.text.catalogue import title, words
from audit.formats.text.measurement_text import ALL_ROWS
from audit.formats.text.safe_text import brief, clean, elide
from audit.formats.text.where_labels import describe, rows_of
from audit.numbers import count, interval, number, per_cent, with_interval, written
from audit.policy.gate_spec import DEFAULT_RATIO
from audit.result import MAX_AUDITS, Measurement, RuleResult, Scalar
from audit.result.small_groups import where_in_words

_RATES = {
    "fairness.disparate_impact": "selection",
    "fairness.statistical_parity_difference": "selection",
    "fairness.equal_opportunity_difference": "true_positive",
    **{
        f"fairness.{rate}_rate_{kind}": rate
        for rate in ("error", "false_negative", "false_positive", "false_discovery", "false_omission")
        for kind in ("difference", "ratio")
    },
}
"""The rate that each comparison of one rate compares."""

_SELECTED_RATIO = "fairness.disparate_impact"
_BY_GROUP = ("fairness.", "performance.")
_MAX_GROUP_COLUMNS = 120  # a pool has the names of several groups
_MAX_OTHERS = 2
_SPACES = re.compile(r"[ \t\r\n]+")  # not those that keep a number and its unit on one line


class RuleClaim(NamedTuple):
    """What a rule's decisive measurement says: the ``statement``, and the ``evidence`` with interval and limit."""

    statement: str
    evidence: str


def rule_title(rule: RuleResult) -> str:
    """Return the title of a rule: its metric's, and what the rule covers: ``Disparate impact by sex``."""
    name = title(rule.metric)
    if rule.where.keys() == {"attribute"} and rule.metric.startswith(_BY_GROUP):
        return words("claim", "of_attribute", title=name, attribute=describe(rule.where))
    if not rule.where:
        return name
    return words("claim", "of_where", title=name, where=describe(rule.where))


def claim(rule: RuleResult, measured: PlacedMeasurements, confidence: str) -> RuleClaim:
    """Return the claim of a rule's measurement that is furthest outside the limit, or nearest to it.

    Args:
        rule: decided rule.
        measured: its measurements as `ranked` returns them.
        confidence: level of the intervals as text, such as ``95 %``.
    """
    if not measured:
        text = rule.reason if rule.id == MAX_AUDITS else _not_measured(rule)
        return RuleClaim(_capital(text), _limit(rule, ""))
    worst, place = measured[0]
    limit = _limit(rule, place.side if place else "")
    outside = [m for m, place in measured if place and place.side == "outside" and m is not worst]
    parts = (_precision(worst, confidence), _improvement(rule, worst), limit, _others(outside))
    evidence = "; ".join(part for part in parts if part)
    return RuleClaim(statement(worst), evidence)


def statement(measurement: Measurement) -> str:
    """Return what was measured in a sentence without its full stop; of a comparison, with both groups' rates."""
    sides = _sides(measurement)
    key = _RATES.get(measurement.metric)
    if sides and key:
        if measurement.metric == _SELECTED_RATIO and 0 < measurement.value < math.inf:
            return _capital(words("claim", "selected_ratio", value=number(measurement.value), **sides))
        return _capital(words("rates", key, **sides))
    return _against_baseline(measurement, _plain(measurement))


def compared_rate(measurement: Measurement) -> tuple[str, frozenset[tuple[str, Scalar]]] | None:
    """Return the rate that a measurement compares, and the groups; None if it compares several rates or none.

    The false negative rate is 1 minus the true positive rate, so that comparing one compares the other.
    """
    rate = _RATES.get(measurement.metric)
    if rate is None:
        return None
    return "true_positive" if rate == "false_negative" else rate, frozenset(measurement.where.items())


def group_label(measurement: Measurement, key: str = "unprivileged") -> str:
    """Return the group of a measurement, with its attribute; of small groups that are pooled, their names."""
    attribute = brief(str(measurement.where.get("attribute", "")))
    group = elide(str(where_in_words(measurement).get(key, "")), _MAX_GROUP_COLUMNS)
    return words("claim", "group", group=group, attribute=attribute)


def _sides(measurement: Measurement) -> Mapping[str, str]:
    """Return both groups and their rates; nothing if the measurement does not have them."""
    counts = [measurement.counts.get(side) for side in ("unprivileged", "privileged")]
    if any(pair is None or len(pair) != 2 or not pair[1] > 0 for pair in counts):
        return {}
    a, b = (per_cent(pair[0] / pair[1]) for pair in counts if pair)
    privileged = brief(str(measurement.where.get("privileged", "")))
    return {"u": group_label(measurement), "p": privileged, "a": a, "b": b}


def _plain(measurement: Measurement) -> str:
    label = describe(where_in_words(measurement))
    name = title(measurement.metric)
    value = number(measurement.value)
    if not label:
        return words("claim", "of_all", title=name, value=value)
    return words("claim", "of_rows", title=name, value=value, label=elide(label, _MAX_GROUP_COLUMNS))


def _against_baseline(measurement: Measurement, text: str) -> str:
    if measurement.baseline is None:
        return text
    return words("claim", "against_baseline", claim=text, baseline=number(measurement.baseline.value))


def _precision(measurement: Measurement, confidence: str) -> str:
    """Return interval and rows; of a comparison, whose statement has the rates, with the value."""
    text = words(
        "evidence",
        "interval" if measurement.ci else "value",
        ci=interval(measurement.ci),
        confidence=confidence,
        rows=count(rows_of(measurement)),
    )
    if measurement.metric not in _RATES or not _sides(measurement):
        return text
    kind = "difference" if measurement.metric.endswith("_difference") else "ratio"
    value = words("evidence", kind, value=number(measurement.value))
    return words("evidence", "numbered", number=value, evidence=text)


def _improvement(rule: RuleResult, measurement: Measurement) -> str:
    """Return the improvement over the baseline with its interval, if that is what the rule limits."""
    gain = margins.improvement(measurement)
    if gain is None or measurement.baseline is None or margins.least_improvement(rule.limit) is None:
        return ""
    baseline = number(measurement.baseline.value)
    return words("evidence", "improvement", baseline=baseline, value=with_interval(gain.value, gain.ci))


def _others(outside: Sequence[Measurement]) -> str:
    """Return which other measurements are outside the limit too, the first of them with their values."""
    if not outside:
        return ""
    first = outside[:_MAX_OTHERS]
    groups = ", ".join(f"{_group_or_where(m)} {with_interval(m.value, m.ci)}" for m in first)
    if len(outside) > len(first):
        groups = words("evidence", "more_others", groups=groups, more=len(outside) - len(first))
    return words("evidence", "others", groups=groups)


def _group_or_where(m: Measurement) -> str:
    return (
        group_label(m)
        if "unprivileged" in m.where
        else elide(describe(where_in_words(m)) or ALL_ROWS, _MAX_GROUP_COLUMNS)
    )


def _limit(rule: RuleResult, side: str) -> str:
    if not rule.limit or rule.id == MAX_AUDITS:
        return ""
    limit = limit_range(rule.limit)
    if rule.metric == _SELECTED_RATIO and rule.limit.get("at_least") == DEFAULT_RATIO[0]:
        limit = words("evidence", "four_fifths", limit=limit)
    return words("evidence", "crossed" if side == "crossing" else "limit", limit=limit)


def limit_range(limit: Mapping[str, float]) -> str:
    """Return a limit as briefly as it goes: ``0.8 to 1.25``, ``at least 0.8``; one on a baseline in full."""
    bounds = margins.bounds(limit)
    if bounds is None or margins.least_improvement(limit) is not None:
        return margins.in_words(limit)
    low, high = bounds
    if math.isinf(high):
        return _limit_words("at_least", low)
    return _limit_words("at_most", high) if math.isinf(low) else _limit_words("range", low, high)


def _limit_words(key: str, *ends: float) -> str:
    return words("limit", key, *map(written, ends))


def _not_measured(rule: RuleResult) -> str:
    return words("claim", "not_measured", title=rule_title(rule))


def _capital(text: str) -> str:
    line = _SPACES.sub(" ", clean(text)).strip()
    return line[:1].upper() + line[1:]
