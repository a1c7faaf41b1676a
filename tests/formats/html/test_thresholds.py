"""Curves over the decision threshold are read back from the page: places become values by the axis' labels."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import chain

import pytest

from audit.formats.html.page import render_html
from audit.formats.html.thresholds import LINES_PER_CHART, MAX_FOLDED, thresholds
from audit.result import CheckResult, Report, Table

from .pages import Element, parse
from .swept import MANY, THRESHOLDS, over_thresholds, ratio, rule, swept


def page(*checks: CheckResult) -> Element:
    return parse(render_html(replace(over_thresholds(), checks=list(checks or (swept(),)))))


def charts(root: Element) -> dict[str, Element]:
    found = [(c.all("title")[0].text, c) for c in root.all("svg", class_="graph sweep")]
    return dict(reversed(found))  # of several of one title, the first


def reader(chart: Element) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (slope, start) across and up, from the labels of the ticks."""
    texts = chart.all("g", class_="ticks")[0].all("text")
    up = [(number(t.attributes["y"]), number(t.text)) for t in texts if t.attributes.get("class") == "end"]
    across = [(number(t.attributes["x"]), number(t.text)) for t in texts if "class" not in t.attributes]
    return line(across), line(up)


def number(text: str | None) -> float:
    return float(str(text).removesuffix("%").replace("−", "-"))


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    (a, p), (b, q) = points[0], points[-1]
    return (q - p) / (b - a), p - (q - p) / (b - a) * a


def corners(chart: Element, path: Element) -> list[tuple[float, float]]:
    (wide, left), (high, top) = reader(chart)
    places = re.findall(r"([\d.]+) ([\d.]+)", str(path.attributes["d"]))
    return [(left + wide * float(x), top + high * float(y)) for x, y in places]


def test_lines_and_bands_stand_at_their_values() -> None:
    chart = charts(page())["disparate_impact of race over the decision threshold"]
    for group, drawn in zip(
        ("Black", "Other"), (chart.all("g", class_=f"l{i}")[0] for i in (0, 1)), strict=True
    ):
        band, path = drawn.all("path")
        expected = [ratio("race", group, threshold) for threshold in THRESHOLDS]
        assert [x for x, _ in corners(chart, path)] == pytest.approx(THRESHOLDS, abs=0.002)
        assert [y for _, y in corners(chart, path)] == pytest.approx([v for v, _, _ in expected], abs=0.01)
        around = corners(chart, band)
        assert [y for _, y in around[len(THRESHOLDS) :]] == pytest.approx(
            [e[1] for e in expected][::-1], abs=0.01
        )
        top = around[len(THRESHOLDS) - 1][1]
        if group == "Other":  # without an upper end: the band goes to the chart's edge
            assert top == pytest.approx(number(chart.all("text", class_="end")[-1].text), abs=0.05)
        else:
            assert top == pytest.approx(expected[-1][2], abs=0.01)


def test_the_chosen_threshold_and_the_limit_are_marked() -> None:
    found = charts(page())
    chart = found["disparate_impact of sex over the decision threshold"]
    (wide, left), (high, top) = reader(chart)
    (chosen,) = chart.all("g", class_="chosen")
    assert chosen.text == "chosen 0.5"
    assert left + wide * number(chosen.all("line")[0].attributes["x1"]) == pytest.approx(0.5, abs=0.002)
    limits = [top + high * number(g.all("line")[0].attributes["y1"]) for g in chart.all("g", class_="limit")]
    assert limits == pytest.approx([0.8, 1.25], abs=0.005)
    (band,) = chart.all("rect", class_="band")
    start, size = (number(band.attributes[key]) for key in ("y", "height"))
    assert sorted([top + high * start, top + high * (start + size)]) == pytest.approx([0.8, 1.25], abs=0.005)
    mark, end = chart.all("g", class_="l0")[0].all("use")
    at = [
        (left + wide * number(m.attributes["x"]), top + high * number(m.attributes["y"])) for m in (mark, end)
    ]
    assert at[0] == pytest.approx((0.5, 0.65), abs=0.005) and at[1] == pytest.approx((0.95, 0.425), abs=0.005)
    other = found["disparate_impact of race over the decision threshold"]
    assert not other.all("g", class_="limit") and not other.all(
        "rect", class_="band"
    )  # the rule is about sex


def test_it_is_said_in_words_too() -> None:
    (metric, _) = page().all("details", class_="metric")[1:]
    assert "open" in metric.attributes
    folded = next(
        d for d in metric.all("details") if d.all("summary")[0].text == "2 attributes without a rule"
    )
    assert "race" in folded.text and len(folded.all("figure")) == 2
    (sex, _, _) = metric.all("figure")
    assert sex.all("div", class_="says")[0].text == (
        "At the threshold in use, 0.5, it is 0.650 (0.630 to 0.670) for Female. Over all thresholds it runs from "
        "0.425 at 0.95 to 0.875 at 0.05. Its whole interval is inside the limit at 3 of 19 thresholds, from 0.05 to "
        "0.15."
    )
    assert sex.all("ul", class_="keys lines")[0].text == "Female 0.650 (0.630 to 0.670)"
    rows = [[cell.text for cell in row.all("td")] for row in sex.all("tbody")[0].all("tr")]
    heads = [row.all("th")[0].text for row in sex.all("tbody")[0].all("tr")]
    assert heads == ["0.1", "0.2", "0.3", "0.4", "0.5 (chosen)", "0.6", "0.7", "0.8", "0.9"]
    assert rows[0] == ["0.850 0.830 to 0.870"]


def test_of_many_groups_the_surely_furthest_are_shown_and_the_rest_is_folded() -> None:
    view = thresholds(swept(), [])
    assert view is not None
    panel = next(p for p in view.metrics[0].panels if p.attribute == "region")
    drawn = [[curve.name for curve in chart.curves] for chart in panel.charts]
    assert drawn[0] == MANY[:LINES_PER_CHART] and list(chain(*drawn)) == MANY[: LINES_PER_CHART + MAX_FOLDED]
    assert (panel.folded, panel.left_out) == (MAX_FOLDED, len(MANY) - LINES_PER_CHART - MAX_FOLDED)
    race = next(p for p in view.metrics[0].panels if p.attribute == "race")
    # Other is further off, but its interval is so wide that it may be nearer
    assert [curve.name for curve in race.charts[0].curves] == ["Black", "Other"]


def test_a_line_ends_where_nothing_is_defined() -> None:
    chart = charts(page())["equal_opportunity_difference of sex over the decision threshold"]
    (band, path) = chart.all("g", class_="l0")[0].all("path")
    assert [x for x, _ in corners(chart, path)] == pytest.approx(THRESHOLDS[:16], abs=0.002)
    assert "nan" not in str(band.attributes["d"])
    last = page().all("details", class_="metric")[2].all("tbody")[0].all("tr")[-1]
    assert last.text == "0.9 undefined"


def test_thresholds_that_crowd_in_a_corner_stand_at_even_distances() -> None:
    squeezed = [round(0.001 * step, 3) for step in range(1, 19)] + [0.5]
    check = swept({"sex": ["Female"]}, threshold=squeezed, chosen=[t == 0.5 for t in squeezed])
    root = page(check)
    chart = charts(root)["disparate_impact of sex over the decision threshold"]
    path = chart.all("g", class_="l0")[0].all("path")[1]
    places = [float(x) for x, _ in re.findall(r"([\d.]+) ([\d.]+)", str(path.attributes["d"]))]
    assert places == pytest.approx([2 + 96 * i / 18 for i in range(19)], abs=0.06)
    drawn = [figure for figure in root.all("figure") if figure.all("svg", class_="graph sweep")]
    assert ["not drawn to scale" in figure.text for figure in drawn] == [False, True, True]


@pytest.mark.parametrize(
    "changed",
    [
        {"chosen": [False] * 19},
        {"chosen": [True] * 19},
        {"threshold": [math.nan] * 19},
        {"threshold": ["x"] * 19},
    ],
)
def test_a_table_without_one_chosen_threshold_is_not_drawn(changed: dict[str, list[object]]) -> None:
    root = page(
        replace(swept({"sex": ["Female"]}, **changed), tables=swept({"sex": ["F"]}, **changed).tables[:1])
    )
    assert not root.all("svg", class_="graph sweep")


def test_a_table_that_lacks_a_column_is_shown_as_it_is() -> None:
    table = Table(name="thresholds", about="", columns={"threshold": [0.5], "attribute": ["sex"]})
    root = page(replace(swept(), tables=[table]))
    assert not root.all("svg", class_="graph sweep")
    assert "Table: thresholds" in [summary.text for summary in root.all("summary")]


def test_accuracy_stands_beside() -> None:
    chart = charts(page())["Accuracy over the decision threshold"]
    drawn = corners(chart, chart.all("g", class_="l0")[0].all("path")[1])
    assert [y for _, y in drawn] == pytest.approx([0.8 - abs(t - 0.4) for t in THRESHOLDS], abs=0.005)


def test_a_report_without_the_tables_has_no_such_part() -> None:
    report: Report = replace(over_thresholds(), checks=[replace(swept(), tables=[])], rules=[rule()])
    assert "Over the decision threshold" not in render_html(report)
