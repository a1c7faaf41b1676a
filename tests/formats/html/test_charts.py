"""Charts are checked by reading them: a place is turned into a value by the labels of the axis."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.plot_marks import Guides, Row
from audit.formats.html.charts.reliability_curve import SIDE, reliability
from audit.formats.html.page import render_html
from audit.formats.text.margins import place
from audit.result import Measurement

from .builders import measurement, performance
from .large import large
from .pages import Element, parse
from .samples import small

finite = st.floats(-1e9, 1e9, allow_nan=False)


def place_of(percent: str) -> float:
    return float(percent.removesuffix("%"))


def plots(part: Element) -> list[Element]:
    """The interval plots in a part of the page."""
    return [table for table in part.all("table") if str(table.attributes.get("class")).startswith("plot")]


def read_scale(chart: Element, root: Element) -> tuple[float, float]:
    """Return (slope, start) so that value = start + slope * per cent, from the first and last tick."""
    target = str(chart.all("tfoot")[0].all("use")[0].attributes["href"])[1:]
    (symbol,) = root.all("symbol", id=target)
    texts = symbol.all("text")
    points = [(place_of(str(t.attributes["x"])), float(t.text.replace("−", "-"))) for t in texts]
    (x0, v0), (x1, v1) = points[0], points[-1]
    slope = (v1 - v0) / (x1 - x0)
    return slope, v0 - slope * x0


def test_marks_and_intervals_stand_at_their_values() -> None:
    root = parse(render_html(small()))
    metric = next(d for d in root.all("details", class_="metric") if d.all("h5")[0].text == "Accuracy")
    drawn = [
        (c, m)
        for c in plots(metric)
        for body in c.all("tbody")
        for m in zip(body.all("circle"), body.all("rect"), strict=True)
    ]
    rates = [m for m in small().checks[0].measurements if m.metric.endswith("accuracy") and m.where]
    for (chart, (point, bar)), found in zip(drawn, rates, strict=True):
        slope, start = read_scale(chart, root)
        assert found.ci is not None
        low = place_of(str(bar.attributes["x"]))
        ends = (low, low + place_of(str(bar.attributes["width"])))
        assert start + slope * place_of(str(point.attributes["cx"])) == pytest.approx(found.value, abs=0.002)
        assert [start + slope * end for end in ends] == pytest.approx(found.ci, abs=0.003)


def test_the_limit_is_shaded_where_it_holds() -> None:
    root = parse(render_html(small()))
    (rule,) = root.all("article", id="rule-2")
    (chart,) = plots(rule)
    slope, start = read_scale(chart, root)
    (band,) = chart.all("rect", class_="band")
    first = place_of(str(band.attributes["x"]))
    ends = (first, first + place_of(str(band.attributes["width"])))
    assert [start + slope * end for end in ends] == pytest.approx([0.8, 1.25], abs=0.002)
    shown = [text for text in chart.all("text") if str(text.attributes.get("class")).startswith("limit")]
    assert [text.text for text in shown] == ["≥ 0.8", "≤ 1.25"]


def test_every_mark_names_its_group_value_interval_and_rows() -> None:
    (rule,) = parse(render_html(small())).all("article", id="rule-2")
    (chart,) = plots(rule)
    (line,) = chart.all("tbody")[0].all("tr")
    assert line.all("title")[0].text == "sex: Female against Male: 0.510 (0.456 to 0.564), n 5,421"
    assert [cell.text for cell in line.all("td")[1:5]] == ["0.510", "0.456 to 0.564", "16,281", "5,421"]


def test_shape_and_word_tell_what_colour_tells() -> None:
    root = parse(render_html(small()))
    (rule,) = root.all("article", id="rule-3")
    kinds = [row.all("td")[0].attributes["class"] for row in plots(rule)[0].all("tbody")[0].all("tr")]
    assert kinds == ["crossing", "crossing", "left-out", "left-out"]
    words = [cell.text for cell in rule.all("td", class_="words")]
    assert words == [
        "crosses the limit; value 0.070 inside",
        "crosses the limit; value 0.160 inside",
        "left out; crosses the limit; value 0.110 inside",
        "left out; crosses the limit; value 0.200 inside",
    ]


def test_a_wide_rule_shows_the_furthest_first_and_folds_the_rest_on_the_same_axis() -> None:
    root = parse(render_html(large()))
    rule = next(a for a in root.all("article", class_="card") if "metric_3" in a.all("code")[0].text)
    shown, folded = plots(rule)
    assert len(shown.all("th", scope="row")) == 12
    assert len(folded.all("th", scope="row")) == 34 - 12
    first, second = (
        [row.all("use")[0].attributes["href"] for row in part.all("tbody")] for part in (shown, folded)
    )
    assert not folded.all("symbol") and first == second
    words = [c.text for c in rule.all("td", class_="words") if not c.text.startswith("left out")]
    sides = [w.split()[0].strip(":") for w in words]
    assert sides == sorted(sides, key=["outside", "crosses", "inside"].index)
    assert {"outside", "crosses", "inside"} <= set(sides)


def test_the_reliability_curve_shows_its_bins() -> None:
    found = next(m for m in performance().measurements if m.method == "calibration-bins")
    curve = reliability(found, 0.95)
    assert curve is not None and len(curve.bins) == 9  # one of ten is empty
    for drawn in curve.bins:
        observed, rows, predicted = found.counts[drawn.name]
        assert float(drawn.x) / SIDE == pytest.approx(predicted / rows, abs=1e-3)
        assert 1 - float(drawn.y) / SIDE == pytest.approx(observed / rows, abs=1e-3)
    assert reliability(measurement("a.b", 0.5, 0.1, 10), 0.95) is None


@pytest.mark.parametrize("cell", [[1.0], [math.nan, 1.0, 1.0], [2.0, 1.0, 0.5], [0.0, 0.0, 0.0]])
def test_bins_that_are_no_bins_are_not_drawn(cell: list[float]) -> None:
    assert (
        reliability(
            Measurement(metric="a.b", value=0, n=1, method="calibration-bins", counts={"x": cell}), 0.95
        )
        is None
    )


@given(st.lists(finite, max_size=40), st.lists(finite, max_size=2), finite)
def test_an_axis_shows_what_it_must_and_keeps_order(
    values: list[float], keep: list[float], other: float
) -> None:
    made = axis(values, keep=keep)
    assert made.low < made.high and 2 <= len(made.ticks) <= 6
    assert [t for t, _ in made.ticks] == sorted({t for t, _ in made.ticks})
    assert all(made.shows(value) for value in keep)
    places = [made.at(value) for value in sorted([*values, other])]
    assert places == sorted(places) and all(0 < p < 100 for p in places)


@given(st.lists(st.floats(), max_size=12), st.lists(st.tuples(st.floats(), st.floats()), max_size=12))
def test_any_numbers_give_a_finite_drawing(values: list[float], intervals: list[tuple[float, float]]) -> None:
    found = [
        Measurement(metric="a.b", value=v, n=1, method="m", ci=c)
        for v, c in zip(values, intervals, strict=False)
    ]
    limit = {"at_least": 0.8}
    made = axis([m.value for m in found], [m.ci for m in found if m.ci], keep=[0.8])
    plot = interval_plot(
        "t", [Row("r", m, place(m, limit)) for m in found], made, Guides(bounds=(0.8, math.inf))
    )
    for mark in plot.marks:
        for percent in [mark.x or "0%", *(mark.bar or ())]:
            assert 0 <= place_of(percent) <= 100


def test_a_tiny_group_does_not_set_the_scale() -> None:
    made = axis([0.9, 0.95, 1.0, 1.05, 1.1, 57.0], [(0.8, 1.0), (0.0, 900.0)])
    assert made.high < 3
    assert re.fullmatch(r"\d\.\d+", made.ticks[0][1])


def test_room_around_values_that_lie_together_stays_where_the_metric_can_be() -> None:
    made = axis([0.002, 0.003], [(0.001, 0.004)], keep=[0.0], low=0.0, high=1.0)
    assert made.low == 0 and 0.004 < made.high < 0.05
    made = axis([0.999], low=0.0, high=1.0)
    assert made.high == 1 and made.low < 0.999
    made = axis([-0.001], low=0.0)  # a value that cannot be is still shown
    assert made.shows(-0.001)
