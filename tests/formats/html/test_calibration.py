"""Reliability curves of groups, read back from the page; their intervals by scipy's exact binomial test."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy.stats import binomtest

from audit.formats.html.calibration import MAX_FOLDED, MAX_OPEN, calibrations
from audit.formats.html.charts.reliability_curve import SIDE, reliability
from audit.formats.html.page import render_html
from audit.result import Measurement

from .pages import Element, parse
from .swept import MANY, binned, calibrated, over_thresholds


def check_of(*found: Measurement) -> Element:
    report = replace(over_thresholds(), checks=[replace(calibrated(), measurements=list(found))])
    return parse(render_html(report)).all("article", class_="check")[0]


def shown(root: Element) -> list[str]:
    return [figure.all("figcaption")[0].text for figure in root.all("div", class_="smalls")[0].all("figure")]


def test_bars_are_exact_intervals_of_each_bin() -> None:
    curve = reliability(binned("White", 0.01, 7.0), 0.9)
    assert curve is not None and len(curve.bins) == 10
    for drawn, (observed, rows, _) in zip(
        curve.bins, binned("White", 0.01, 7.0).counts.values(), strict=True
    ):
        expected = binomtest(int(observed), int(rows)).proportion_ci(0.9, "exact")
        low, high = (1 - float(end) / SIDE for end in reversed(drawn.bar))
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-3)


def test_thin_bins_are_drawn_with_their_interval() -> None:
    found = check_of(binned("White", 0.01, 1.0))
    chart = found.all("svg", class_="reliability small")[0].all("g", class_="plain")[0]
    bars = [(float(str(b.attributes["y1"])), float(str(b.attributes["y2"]))) for b in chart.all("line")]
    assert len(bars) == len(chart.all("circle")) == 10
    assert all(low - high > 0.9 * SIDE for high, low in bars)  # of one row, nearly anything is possible


def test_privileged_groups_come_first_then_those_that_are_surely_furthest_off() -> None:
    wide = replace(binned("Wide", 0.9, 3.0), ci=(0.0, 1.0))
    found = check_of(binned("Near", 0.01, 50), wide, binned("Far", 0.3, 50), binned("White", 0.02, 50))
    assert shown(found) == ["White", "Far", "Near", "Wide"]
    assert "privileged" in found.all("div", class_="smalls")[0].all("figure")[0].text
    assert found.all("div", class_="says")[0].text == (
        "The largest calibration error measured is that of Wide, 0.900 (0 to 1) on 30 rows, the smallest that of Near, "
        "0.010 (0.005 to 0.020) on 500 rows. Small groups have larger errors by chance."
    )


def test_of_many_groups_the_rest_is_folded() -> None:
    (panel,) = calibrations(calibrated(), over_thresholds().data.groups, 0.95)
    names = [group.cells.label for group in (*panel.curves, *panel.folded)]
    assert names == ["White", *MANY[::-1]][: MAX_OPEN + MAX_FOLDED]
    assert len(panel.curves) == MAX_OPEN and panel.left_out == 1 + len(MANY) - MAX_OPEN - MAX_FOLDED


def test_an_undefined_error_comes_last_and_is_in_no_sentence() -> None:
    undefined = replace(binned("None", math.nan, 3.0), ci=None)
    found = check_of(undefined, binned("Some", 0.2, 10.0))
    assert shown(found) == ["Some", "None"]
    assert "undefined" in found.all("div", class_="smalls")[0].text


def test_what_has_no_bins_has_no_curve() -> None:
    plain = replace(binned("White", 0.1, 10.0), counts={}, method="none")
    assert calibrations(replace(calibrated(), measurements=[plain]), [], 0.95) == []


def test_the_table_holds_the_bins() -> None:
    found = check_of(binned("White", 0.01, 20.0))
    table = next(t for t in found.all("details", class_="table") if "bins of these groups" in t.text)
    rows = [[cell.text for cell in row.all("td")] for row in table.all("tr")[2:]]
    assert len(rows) == 10
    expected = binomtest(10, 20).proportion_ci(0.95, "exact")
    assert rows[5] == ["0.550", "0.500", f"{expected.low:.3f} to {expected.high:.3f}", "20"]
