"""The section on attribution: its sentences against figures made by hand, its places read off its axes."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.formats.html.explainability.beeswarm import swarms
from audit.formats.html.explainability.dependence import COLUMNS as DEPENDENCE
from audit.formats.html.explainability.dependence import dependences
from audit.formats.html.explainability.protected import attributes_of
from audit.formats.html.explainability.row_summary import summary
from audit.formats.html.explainability.section import ExplainabilitySection
from audit.formats.html.explainability.waterfall import named
from audit.formats.html.page import render_html
from audit.formats.text.table_records import Record, records
from audit.result import CheckResult, Measurement, Scalar

from .attributions import CASES, EDGES, PARTS, PROXIES, SIZES, explainability, table
from .builders import measurement
from .pages import Element, parse
from .samples import full
from .scales import place_of, points_of, scale, value_of


def section() -> Element:
    articles = parse(render_html(full())).all("article", class_="check")
    return next(a for a in articles if a.all("table", class_="features swarms"))


def page(*found: Measurement) -> Element:
    check = CheckResult(name="explainability", status="measured", measurements=list(found))
    return parse(render_html(replace(full(), checks=[check])))


def chart(title: str) -> Element:
    return next(c for c in section().all("svg", role="img") if c.children[0].text == title)


def rows_of(name: str) -> list[Record]:
    check = explainability()
    return records(check, name, ExplainabilitySection.tables[name])


def says(check: CheckResult) -> list[str]:
    root = parse(render_html(replace(full(), checks=[check])))
    return [said.text.replace("\u00a0", " ") for said in root.all("div", class_="says")]


def test_features_fall_and_what_has_no_number_comes_last() -> None:
    found = [
        measurement("explainability.attribution_share", value, 0.01, 9, feature=name)
        for name, value in {"a": 0.1, "b": math.nan, "c": 0.6, "d": 0.3}.items()
    ]
    view = ExplainabilitySection.of(CheckResult(name="explainability", status="measured", measurements=found))
    assert view.importance is not None
    assert [f.name for f in view.importance.features] == ["c", "d", "a", "b"]
    sentence = view.importance.caption.replace("\u00a0", " ")
    assert sentence == "c has 60.0 % (59.0 to 61.0 %) of all attribution."


def test_many_features_are_folded_after_eight() -> None:
    found = [
        measurement("explainability.attribution_share", 1 / (i + 1), 0.01, 9, feature=f"f{i}")
        for i in range(31)
    ]
    root = page(*found)
    first, rest = root.all("table", class_="features")
    assert [len(t.all("th", scope="row")) for t in (first, rest)] == [8, 23]
    assert "23 more features" in root.text


@pytest.mark.parametrize(
    ("value", "half", "words"),
    [
        (0.9, 0.02, "↑ raise the output"), (-0.8, 0.1, "↓ lower the output"),
        (0.2, 0.1, "↑ tend to raise the output"), (-0.3, 0.1, "↓ tend to lower the output"),
        (0.05, 0.1, "no clear direction"), (math.nan, 0.1, "no clear direction"),
    ],
)  # fmt: skip
def test_a_direction_is_claimed_only_where_its_interval_leaves_out_zero(
    value: float, half: float, words: str
) -> None:
    found = measurement("explainability.attribution_direction", value, half, 9, feature="age")
    (shown,) = page(found).all("table", class_="features")
    (cell,) = shown.all("td", class_="words")
    assert cell.text.startswith(words)


def test_bars_are_as_long_as_the_mean_attribution() -> None:
    (shown,) = section().all("table", class_="features swarms")
    widths = [place_of(c.all("rect")[0].attributes["width"]) for c in shown.all("td", class_="size")]
    # The longest interval, of marital-status, fills the width.
    assert widths == pytest.approx([100 * size / (0.9 + 0.02) for size in SIZES.values()], abs=0.06)


def test_protected_columns_are_marked() -> None:
    (shown,) = section().all("table", class_="features swarms")
    marked = {row.all("th")[0].text for row in shown.all("tr") if row.all("span", class_="chip")}
    assert marked == {"sex protected: sex", "race protected: race"}


def test_an_intersection_does_not_mark_its_columns_again() -> None:
    rows = [
        {"attribute": a, "column": c, "how": ""} for a, c in (("sex", "s"), ("sex*race", "s"), ("a*b", "t"))
    ]
    assert attributes_of(rows) == {"s": ["sex"], "t": ["a*b"]}


def test_nothing_of_a_dependence_is_cut_off() -> None:
    rows = [
        ["a", str(i), None, None, 9, mean, mean - 0.01, mean + 0.01]
        for i, mean in enumerate([-1.2] * 6 + [9.3])
    ]
    check = CheckResult(name="x", status="measured", tables=[table("dependence", rows, *DEPENDENCE)])
    (found,) = dependences(records(check, "dependence", DEPENDENCE), ["a"])
    assert found.dots is not None
    marks = found.dots.marks
    assert len(marks) == 7 and all(mark.x and not mark.arrows for mark in marks)


def test_strips_stand_at_their_bins_as_high_as_the_root_of_the_rows() -> None:
    (shown,) = section().all("table", class_="features swarms")
    at = scale(shown.all("svg", class_="foot")[0].all("text"), "x")
    low, high = at(2), at(98)  # per cent of the width, with room for the triangles at both ends
    bins = [row for row in rows_of("beeswarm") if row["feature"] == "age"]
    most = max(float(str(row["rows"])) for row in bins)
    inside = [row for row in bins if float(str(row["high"])) > low and float(str(row["low"])) < high]
    drawn = _boxes(chart("Attributions of age"))
    assert len(drawn) == len(inside) > 10
    for (x, y, width, height), row in zip(drawn, inside, strict=True):
        assert at(x) == pytest.approx(max(low, float(str(row["low"]))), abs=0.005)
        assert at(x + width) == pytest.approx(min(high, float(str(row["high"]))), abs=0.01)
        assert height == pytest.approx(max(2, 30 * math.sqrt(float(str(row["rows"])) / most)), abs=0.06)
        assert y + height / 2 == pytest.approx(15, abs=0.11)


def test_the_axis_of_strips_spans_the_first_to_the_last_percentile_and_marks_rows_beyond() -> None:
    lines: list[Record] = [
        {"feature": "a", "low": k / 10, "high": (k + 1) / 10, "rows": 99.0, "value": None}
        for k in range(-5, 5)
    ]
    far: list[Record] = [{"feature": "a", "low": 30.0, "high": 30.1, "rows": 4.0, "value": None}]
    far += [{"feature": "b", "low": -8.0, "high": -7.9, "rows": 3.0, "value": None}]
    shown_axis, strips = swarms([*lines, *far], ["a", "b"])
    assert (shown_axis.low, shown_axis.high) == (-0.5, 0.5)
    assert strips["a"].beyond == ("right",) and strips["b"].beyond == ("left",)
    assert "4 beyond the axis" in strips["a"].desc and not strips["b"].paths


def _boxes(strip: Element) -> list[tuple[float, ...]]:
    """The bins of a strip from left to right: x, y, width, height."""
    paths = "".join(str(p.attributes["d"]) for p in strip.all("path"))
    found = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-([\d.]+)z", paths)
    assert all(box[2] == box[4] for box in found)
    return sorted(tuple(map(float, box[:4])) for box in found)


def test_the_colour_of_a_strip_rises_with_the_values() -> None:
    def levels(name: str) -> list[str]:
        paths = chart(f"Attributions of {name}").all("path")
        return [str(path.attributes["class"]) for path in sorted(paths, key=_start)]

    assert levels("age") == sorted(levels("age")) and len(levels("age")) > 4
    assert levels("education-num") == sorted(levels("education-num"), reverse=True)
    assert levels("sex") == ["qx"]


def _start(path: Element) -> float:
    return min(float(x) for x in re.findall(r"M([\d.]+) ", str(path.attributes["d"])))


def test_a_dependence_curve_passes_through_its_means_inside_its_band() -> None:
    drawn = chart("Attribution of age by its value")
    at = scale([t for t in drawn.all("text") if "dy" in t.attributes], "y")
    bins = [row for row in rows_of("dependence") if row["feature"] == "age"]
    circles = drawn.all("circle")
    assert [at(place_of(c.attributes["cy"])) for c in circles] == pytest.approx(
        [row["mean"] for row in bins], abs=0.01
    )
    centres = [2 + 96 * (i + 0.5) / len(bins) for i in range(len(bins))]
    assert [place_of(c.attributes["cx"]) for c in circles] == pytest.approx(centres, abs=0.06)
    (band,) = drawn.all("path", class_="span")
    corners = points_of(band.attributes["d"])
    assert [at(y) for _, y in corners[: len(bins)]] == pytest.approx([row["p90"] for row in bins], abs=0.02)
    assert [at(y) for _, y in corners[: len(bins) - 1 : -1]] == pytest.approx(
        [row["p10"] for row in bins], abs=0.02
    )


def test_edges_of_bins_are_labelled_where_they_are() -> None:
    labels = [t for t in chart("Attribution of age by its value").all("text") if "dy" not in t.attributes]
    places = {value_of(t.text): place_of(t.attributes["x"]) for t in labels}
    edges = EDGES["age"]
    assert len(places) >= 3 and {edges[0], edges[-1]} <= places.keys()
    for value, place in places.items():
        assert place == pytest.approx(2 + 96 * edges.index(value) / (len(edges) - 1), abs=0.06)


def test_categories_and_single_bins_are_dots() -> None:
    rows: list[list[Scalar | None]] = [
        ["a", "red", None, None, 9, 0.5, 0.1, 0.9],
        ["b", "1 to 2", 1, 2, 9, 0.5, 0.1, 0.9],
        ["c", "x", None, None, 9, math.nan, 0.1, 0.9],
    ]
    check = CheckResult(name="x", status="measured", tables=[table("dependence", rows, *DEPENDENCE)])
    found = dependences(records(check, "dependence", DEPENDENCE), ["c", "b", "a"])
    assert [(d.feature, d.dots is not None, d.curve) for d in found] == [("b", True, None), ("a", True, None)]
    assert found[1].caption == "The mean attribution is +0.50 for red."


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_waterfall_leads_from_the_mean_output_to_that_of_the_row(case: int) -> None:
    drawn = section().all("table", class_="plot fall evidence")[case]
    at = scale(drawn.all("symbol", class_="ticks")[0].all("text"), "x")
    start, output = -1.2, CASES[case][-1]
    marks = [at(place_of(u.attributes["x"])) for u in drawn.all("use", href="#m-outside")]
    assert marks == pytest.approx([start, output], abs=0.01)
    rows = [
        row
        for row in drawn.all("tr")
        if {"up", "down"} & {cell.attributes.get("class") for cell in row.all("td")}
    ]
    bars = [row.all("td")[0] for row in rows]
    assert [row.all("title")[0].text for row in rows] == [
        f"{row.all('th')[0].text}: {row.all('td')[1].text}" for row in rows
    ]
    for bar, (value, share) in zip(bars, PARTS.values(), strict=True):
        amount = share * (output + 1.2)
        _, drawn_bar = bar.all("rect")  # the first joins it to the next
        low = place_of(drawn_bar.attributes["x"])
        ends = [at(low), at(low + place_of(drawn_bar.attributes["width"]))]
        assert ends == pytest.approx(sorted([start, start + amount]), abs=0.02)
        assert bar.attributes["class"] == ("up" if amount > 0 else "down") and value in bar.text
        start += amount
    assert start == pytest.approx(output)


def test_a_row_is_told_in_words() -> None:
    lines: list[Record] = [
        {"feature": "capital-gain", "value": "7,000 to 9,000"},
        {"feature": "age", "value": "17 to 25"},
        {"feature": "9 other features", "value": ""},
    ]
    row: dict[str, Scalar | None] = {"score": 0.83, "label": "unfavourable", "predicted": "favourable"}
    assert summary(row, named(lines, [1.9, -0.8, -3.0])) == (
        "Score 0.830 (favourable), label unfavourable. "
        "Most raised by capital-gain (7,000 to 9,000): +1.90; most lowered by age (17 to 25): −0.80."
    )
    assert summary({"score": None, "label": None, "predicted": "yes"}, named(lines[:1], [1.9])) == (
        "Predicted yes. Most raised by capital-gain (7,000 to 9,000): +1.90."
    )
    assert summary({"score": None, "label": None, "predicted": ""}, []) == ""


def test_a_row_with_an_undefined_attribution_is_not_drawn() -> None:
    local = explainability().tables[2]
    cells = list(local.columns["attribution"])
    cells[0] = math.nan
    check = replace(
        explainability(), tables=[replace(local, columns={**local.columns, "attribution": cells})]
    )
    view = ExplainabilitySection.of(check)
    assert len(view.cases) == len(CASES) - 1


def test_measurements_of_another_shape_are_left_to_the_plain_charts() -> None:
    where: dict[str, str | int] = {"feature": "a", "class": 2}
    odd = Measurement(
        metric="explainability.attribution_share", value=0.3, n=9, method="exact", where={**where}
    )
    root = page(odd)
    assert not root.all("table", class_="features") and root.all("details", class_="metric")


def told_of(attribute: str) -> Element:
    figures = section().all("figure")
    return next(f for f in figures if f.all("figcaption") and f.all("figcaption")[0].text == attribute)


def test_proxies_fall_by_what_they_tell_beside_their_share() -> None:
    """The places of bars and intervals lie between 0.5 and 1; 0.84 is 68 % of that way, 0.9 of 3.2 is a share."""
    sex = told_of("sex")
    assert sex.all("div", class_="says")[0].text.replace("\u00a0", " ") == (
        "Together, the other features predict it with an AUC of 0.912 (0.902 to 0.922); 0.5 is chance level. "
        "The strongest single feature is marital-status: 0.840, with 28.1 % of all attribution."
    )
    lines = sex.all("table", class_="features proxies")[0].all("tbody")[0].all("tr")
    assert [line.all("th")[0].text for line in lines] == list(PROXIES["sex"][1])
    bars = [line.all("rect")[0].attributes["width"] for line in lines]
    assert bars == ["68%", "16%", "10%", "2%", "0%"]
    ends = lines[0].all("line")[0].attributes
    assert (ends["x1"], ends["x2"]) == ("64%", "72%") and "28.1 %" in lines[0].text.replace("\u00a0", " ")
    assert lines[-1].all("line")[0].attributes["x1"] == "0%"  # an interval that begins below chance


def test_a_feature_of_which_nothing_is_known_comes_last_without_a_bar() -> None:
    lines = told_of("race").all("table", class_="features proxies")[0].all("tbody")[0].all("tr")
    assert [len(line.all("rect")) for line in lines] == [1, 0]


def test_proxies_beyond_the_first_are_folded_and_too_few_rows_are_said() -> None:
    found = [measurement("explainability.proxy_auc", math.nan, None, 40, attribute="sex")]
    found += [
        measurement("explainability.proxy_strength", 0.9 - i / 50, 0.1, 40, attribute="sex", feature=f"f{i}")
        for i in range(11)
    ]
    view = ExplainabilitySection.of(CheckResult(name="explainability", status="measured", measurements=found))
    (told,) = view.proxies
    assert told.caption == "One group has too few rows to measure how well the features predict it."
    assert [p.feature for p in told.proxies + told.more] == [f"f{i}" for i in range(11)] and len(
        told.more
    ) == 3
    assert {p.share for p in told.proxies} == {""}


PLACES = {"x", "y", "width", "height", "cx", "cy", "d", "x1", "x2", "y1", "y2"}
cells = st.one_of(st.none(), st.floats(), st.integers(), st.booleans(), st.text(max_size=3))


PICKED = {
    "beeswarm": (0, 1, 2, 3),
    "dependence": (0, 0, 1, 1, 2, 3, 2),
    "local": (0, 0, 1, 2, 2, 0, 1, 3, 2, 1, 0),
    "proxies": (0, 1, 2),
}


# No deadline: it is the machine's load that would be timed.
@settings(max_examples=30)
@given(st.lists(st.tuples(cells, cells, cells, cells), max_size=6), st.lists(st.floats(), max_size=6))
def test_any_cells_give_a_finite_drawing(rows: list[tuple[Scalar | None, ...]], values: list[float]) -> None:
    found = [
        measurement("explainability.attribution_share", value, 0.1, 9, feature=str(i))
        for i, value in enumerate(values)
    ]
    found += [
        measurement("explainability.proxy_strength", value, 0.1, 9, attribute="0", feature=str(i))
        for i, value in enumerate(values)
    ]
    found += [
        measurement("explainability.proxy_auc", value, 0.1, 9, attribute=str(i))
        for i, value in enumerate(values)
    ]
    tables = [
        table(
            name,
            [[i % 3, *(row[k] for k in picked)] for i, row in enumerate(rows)],
            *ExplainabilitySection.tables[name],
        )
        for name, picked in PICKED.items()
    ]
    check = CheckResult(name="explainability", status="measured", measurements=found, tables=tables)
    root = parse(render_html(replace(full(), rules=[], checks=[check])))
    for drawn in (svg for article in root.all("article") for svg in article.all("svg")):
        for element in drawn.walk():
            for key in PLACES & element.attributes.keys():
                numbers = re.findall(r"[^\sMLhvz%]+", str(element.attributes[key]))
                assert all(-200 <= float(number) <= 2000 for number in numbers)
