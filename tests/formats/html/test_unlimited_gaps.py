"""Gaps that no rule limits: the largest of each attribute, beyond chance and in groups large enough to decide on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audit.formats.html.page import render_html
from audit.formats.html.unlimited_gaps import MAX_GAPS, unlimited_gaps
from audit.result import CheckResult, Measurement, Report

from .pages import parse
from .samples import small


def impact(
    value: float, half: float, attribute: str = "age", group: str = "<25", **details: Any
) -> Measurement:
    where = {"attribute": attribute, "unprivileged": group, "privileged": "25-60"}
    given = {"n": 3000, "smallest_n": 900, "method": "m", "ci": (value - half, value + half), "where": where}
    return Measurement(metric="fairness.disparate_impact", value=value, **{**given, **details})


def with_gaps(*found: Measurement) -> Report:
    return replace(
        small(), rules=[], checks=[CheckResult(name="fairness", status="measured", measurements=list(found))]
    )


def test_the_largest_gap_of_each_attribute_is_said() -> None:
    near, far = impact(0.7, 0.05), impact(0.02, 0.01, group=">=60")
    other = impact(1.6, 0.1, attribute="race", group="Black")
    assert unlimited_gaps(with_gaps(near, far, other)) == [
        "Disparate impact (age: >=60 against 25-60) is 0.020", "Disparate impact (race: Black against 25-60) is 1.600",
    ]  # fmt: skip
    many = [impact(0.1, 0.01, attribute=f"a{i}") for i in range(9)]
    assert len(unlimited_gaps(with_gaps(*many))) == MAX_GAPS


def test_what_is_limited_uncertain_small_pooled_or_an_intersection_is_not() -> None:
    gap = impact(0.02, 0.01)
    report = with_gaps(gap)
    rule = replace(small().rules[1], measurements=[gap])
    assert unlimited_gaps(report) and not unlimited_gaps(replace(report, rules=[rule]))
    assert not unlimited_gaps(with_gaps(impact(0.7, 0.2), impact(0.02, 0.01, ci=None)))
    assert not unlimited_gaps(
        with_gaps(impact(0.02, 0.01, smallest_n=30), impact(0.02, 0.01, members=["a", "b"]))
    )
    assert not unlimited_gaps(with_gaps(impact(0.02, 0.01, attribute="sex*race")))


def test_a_rule_on_the_same_rate_limits_the_gap_whatever_its_metric() -> None:
    gap = impact(0.02, 0.01)
    parity = replace(gap, metric="fairness.statistical_parity_difference", value=-0.4, ci=(-0.5, -0.3))
    missed = replace(parity, metric="fairness.false_negative_rate_difference", value=0.4, ci=(0.3, 0.5))
    equal = replace(missed, metric="fairness.equal_opportunity_difference", value=-0.4, ci=(-0.5, -0.3))
    rule = replace(small().rules[1], metric=parity.metric, measurements=[parity])
    assert not unlimited_gaps(replace(with_gaps(gap, parity), rules=[rule]))
    assert unlimited_gaps(replace(with_gaps(gap, equal), rules=[rule]))
    rule = replace(rule, metric=missed.metric, measurements=[missed])
    assert not unlimited_gaps(replace(with_gaps(equal, missed), rules=[rule]))
    other = replace(parity, where={**parity.where, "unprivileged": ">=60"})
    assert unlimited_gaps(replace(with_gaps(gap), rules=[replace(rule, measurements=[other])]))


def test_page_one_names_them_also_after_a_pass() -> None:
    root = parse(render_html(with_gaps(impact(0.02, 0.01))))
    (section,) = root.all("section", id="verdict")
    assert "Large gaps that no rule limits" in section.text and "is 0.020" in section.text
    assert "Large gaps" not in parse(render_html(small())).text
