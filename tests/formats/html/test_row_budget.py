"""The page of hundreds of rules with hundreds of groups shows the decisive ones, and says how many more there are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.formats.html.charts.row_budget import MAX_PAGE_ROWS, rows_each
from audit.formats.html.checks import check_views
from audit.formats.html.explainability.importance import MAX_FEATURES, importance
from audit.formats.html.page import render_html
from audit.formats.html.rules import rule_views
from audit.result import Report

from ..thorough import thorough
from .large import large
from .wide import explained


@pytest.fixture(scope="module")
def report() -> Report:
    return thorough()


@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        ([], 12),
        ([5, 40], 40),
        ([MAX_PAGE_ROWS], MAX_PAGE_ROWS),
        ([MAX_PAGE_ROWS + 1], MAX_PAGE_ROWS),
        ([200] * 30, MAX_PAGE_ROWS // 30),
        ([200] * 5000, 12),
    ],
)
def test_rows_share_the_page(sizes: list[int], rows: int) -> None:
    assert rows_each(sizes, 12) == rows


def test_a_rule_shows_the_values_furthest_outside(report: Report) -> None:
    for view in rule_views(report)[:3]:
        values = sorted((m.value for m in view.rule.measurements), reverse=True)
        assert [mark.cells.value for plot in view.plots for mark in plot.marks] == [
            f"{value:.3f}" for value in values[:3]
        ]
        assert view.beyond == len(view.rule.measurements) + len(view.rule.not_decided) - 3


def test_a_metric_shows_a_few_groups_of_each_attribute(report: Report) -> None:
    (view,) = check_views(report)
    shown = [(sum(len(p.marks) for p in panel.plots), panel) for m in view.metrics for panel in m.panels]
    sizes = {(rows, rows + panel.beyond) for rows, panel in shown}
    assert sizes == {(MAX_PAGE_ROWS // 500, 200)}


def test_a_thousand_features_show_the_first_and_the_protected(report: Report) -> None:
    check = explained([f"feature-{i}-of-the-usual-length" for i in range(1000)])
    last = "feature-999-of-the-usual-length"
    view = importance([m for m in check.measurements if m.where.keys() == {"feature"}], [], {last: ["sex"]})
    assert view and len(view.features) + len(view.more) == MAX_FEATURES + 1
    assert view.more[-1].name == last and view.beyond == 1000 - MAX_FEATURES - 1
    page = render_html(replace(report, checks=[*report.checks, check]))
    assert "899 more are in report.json." not in page and "900 more are in report.json." in page
    assert len(page.encode()) < 3_000_000


def test_no_row_of_a_thorough_audit_is_left_out() -> None:
    assert {view.beyond for view in rule_views(large())} == {0}
    assert {panel.beyond for view in check_views(large()) for m in view.metrics for panel in m.panels} == {0}
