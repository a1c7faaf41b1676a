"""The section on attacks: its sentences against figures made by hand, its places read off its axes."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from audit.formats.html.page import render_html
from audit.formats.html.robustness.accuracy_curve import HEIGHT, curves
from audit.formats.html.robustness.flipped_rows import COLUMNS, flips, sentence
from audit.formats.html.robustness.measurements import read
from audit.formats.html.robustness.section import RobustnessSection
from audit.result import CheckResult, Measurement, Scalar

from .attacked import ACCURACY, CLEAN, EPS, robustness
from .builders import GROUPS, measurement
from .pages import Element, parse
from .samples import full
from .scales import place_of, points_of, scale


def section() -> Element:
    return next(
        a
        for a in parse(render_html(full())).all("article", class_="check")
        if a.all("svg", class_="graph wide")
    )


def accuracy(value: float, attack: str, eps: float) -> Measurement:
    where: dict[str, float | str] = {"attack": attack, "norm": "inf", "eps": eps}
    return measurement("robustness.adversarial_accuracy", value, None, 9, **where)


def view(*found: Measurement) -> RobustnessSection:
    return RobustnessSection.of(CheckResult(name="robustness", status="measured", measurements=list(found)))


CLEAN_86 = measurement("robustness.clean_accuracy", 0.86, None, 9)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([CLEAN_86, accuracy(0.41, "pgd", 0.1)], "Accuracy falls from 0.860 to 0.410 under PGD at eps 0.1."),
        ([CLEAN_86, accuracy(0.86, "pgd", 0.1)], "Accuracy stays at 0.860 under PGD at eps 0.1."),
        ([CLEAN_86, accuracy(0.9, "fgsm", 2.0)], "Accuracy rises from 0.860 to 0.900 under FGSM at eps 2."),
        ([CLEAN_86, accuracy(0.84, "noise", 0.1)], "Noise at eps 0.1 leaves accuracy at 0.840."),
        ([accuracy(0.41, "square", 0.1)], "Accuracy is 0.410 under the black-box attack at eps 0.1."),
        (
            [CLEAN_86, accuracy(0.3, "worst", 0.1), accuracy(math.nan, "pgd", 0.1)],
            "Accuracy falls from 0.860 to 0.300 under the worst of all attacks at eps 0.1.",
        ),
        # Of three sizes the middle one, whatever their order; the stronger of two attacks.
        (
            [CLEAN_86, *(accuracy(0.9 - eps - less, attack, eps) for attack, less in (("fgsm", 0), ("pgd", 0.1))
                         for eps in (0.4, 0.2, 0.3))],
            "Accuracy falls from 0.860 to 0.500 under PGD at eps 0.3.",
        ),
    ],
)  # fmt: skip
def test_the_sentence_of_the_curve(found: list[Measurement], words: str) -> None:
    (drawn,) = view(*found).curves
    assert drawn.sentence == words


def test_curves_begin_at_the_clean_accuracy_and_pass_through_the_measured_ones() -> None:
    (drawn,) = section().all("svg", class_="graph wide")
    ticks = drawn.all("g", class_="ticks")[0].all("text")
    value = scale([t for t in ticks if t.attributes.get("class") == "end"], "y")
    size = scale([t for t in ticks if "class" not in t.attributes], "x")
    for attack, expected in ACCURACY.items():
        (series,) = drawn.all("g", class_=f"s-{attack}")
        path = points_of(series.all("path")[0].attributes["d"])
        assert [size(x) for x, _ in path] == pytest.approx([0, *EPS], abs=0.001)
        assert [value(y) for _, y in path] == pytest.approx([CLEAN, *expected], abs=0.002)
        marks = [u for u in series.children if u.tag == "use"]
        assert [value(place_of(u.attributes["y"])) for u in marks] == pytest.approx(expected, abs=0.002)
        half = 0.8 / math.sqrt(16281)
        for whisker, middle in zip([e for e in series.children if e.tag == "line"], expected, strict=True):
            ends = [value(place_of(whisker.attributes[key])) for key in ("y1", "y2")]
            assert ends == pytest.approx([middle + half, middle - half], abs=0.002)


def test_labels_stand_in_the_order_of_the_lines_and_apart() -> None:
    (drawn,) = section().all("svg", class_="graph wide")
    labels = {
        t.text: place_of(t.attributes["y"])
        for edge in drawn.all("svg", class_="edge")
        for t in edge.all("text")
    }
    places = sorted(labels.values())
    assert sorted(labels, key=lambda text: labels[text]) == [
        "noise 0.846",
        "fgsm 0.311",
        "pgd 0.172",
        "worst 0.171",
    ]
    assert min(b - a for a, b in pairwise(places)) >= 15 - 1e-9 and 0 < places[0] <= places[-1] <= HEIGHT


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_labels_of_equal_lines_stay_inside_the_chart(value: float) -> None:
    (drawn,) = view(*(accuracy(value, attack, 0.1) for attack in "abcdef")).curves
    places = [float(series.label) for series in drawn.series]
    assert places == sorted(places) and places[0] > 0 and places[-1] <= HEIGHT
    assert all(b - a == 15 for a, b in pairwise(places))


def test_sizes_are_drawn_to_scale_unless_they_would_meet() -> None:
    def places(*sizes: float) -> tuple[list[float], bool]:
        (drawn,) = view(CLEAN_86, *(accuracy(0.5, "pgd", eps) for eps in sizes)).curves
        return [place_of(x) for x, _ in drawn.sizes], drawn.even

    assert places(0.05, 0.1, 0.2) == ([2, 26, 50, 98], False)
    assert places(0.001, 0.01, 1.0) == ([2, 34, 66, 98], True)
    assert places(0.3) == ([2, 98], False)
    assert len(places(*(i / 20 for i in range(1, 20)))[0]) <= 6


def test_an_attack_on_nothing_is_no_curve() -> None:
    hit = read(accuracy(math.nan, "pgd", 0.1))
    assert hit is not None and curves([hit], CLEAN_86) == [] and view(CLEAN_86).curves == []


@pytest.mark.parametrize("eps", ["0.1", True, math.nan, math.inf, -0.1])
def test_a_size_that_is_no_size_is_left_to_the_plain_charts(eps: float | str) -> None:
    where: dict[str, float | str] = {"attack": "pgd", "norm": "inf", "eps": eps}
    odd = Measurement(metric="robustness.flip_rate", value=0.3, n=9, method="exact", where={**where})
    assert not RobustnessSection.covers(odd)
    root = parse(
        render_html(
            replace(full(), checks=[CheckResult(name="robustness", status="measured", measurements=[odd])])
        )
    )
    assert not root.all("table", class_="sizes") and root.all("details", class_="metric")


def test_groups_stand_at_their_accuracies_under_the_worst_attack() -> None:
    charts = section().all("table", class_="plot tracks evidence")
    for drawn, (attribute, groups) in zip(charts, GROUPS.items(), strict=True):
        assert drawn.all("caption")[0].text == f"Accuracy of {attribute} under the worst of all attacks"
        at = scale(drawn.all("symbol", class_="ticks")[0].all("text"), "x")
        circles = [at(place_of(c.attributes["cx"])) for c in drawn.all("circle")]
        starts = [at(place_of(u.attributes["x"])) for u in drawn.all("use", href="#m-crossing")]
        expected = [value - 0.04 + 0.025 * i for i in range(len(groups)) for value in ACCURACY["worst"]]
        assert circles == pytest.approx(expected, abs=0.003)
        assert starts == pytest.approx([0.8 + 0.03 * i for i in range(len(groups))], abs=0.003)
        assert all(
            row.all("title")[0].text.startswith(row.all("th")[0].text)
            for row in drawn.all("tbody")[0].all("tr")
        )
        bars = [r for r in drawn.all("tbody")[0].all("rect") if r.attributes.get("class") != "thread"]
        halves = [0.8 / math.sqrt(rows) for rows in groups.values() for _ in EPS]
        for bar, middle, half in zip(bars, expected, halves, strict=True):
            low = place_of(bar.attributes["x"])
            ends = [at(low), at(low + place_of(bar.attributes["width"]))]
            assert ends == pytest.approx([max(middle - half, 0), min(middle + half, 1)], abs=0.005)


def test_without_worst_groups_are_shown_under_the_last_attack_that_is_not_noise() -> None:
    kept = [m for m in robustness().measurements if m.where.get("attack") in (None, "pgd", "fgsm", "noise")]
    assert [p.sentence.split(",")[0] for p in view(*kept).panels] == ["Under PGD at eps 0.1"] * 2
    assert view(*(m for m in kept if m.where.get("attack") == "noise")).panels == []


def test_groups_of_equal_accuracy_are_not_ranked() -> None:
    one = accuracy(0.5, "pgd", 0.1)
    found = [replace(one, where={**one.where, "attribute": "sex", "group": group}) for group in ("a", "b")]
    (panel,) = view(*found).panels
    assert panel.sentence == "Under PGD at eps 0.1, accuracy is 0.500 for every group."
    (alone,) = view(found[0]).panels
    assert alone.sentence == "Under PGD at eps 0.1, accuracy is 0.500 for a."


def test_the_full_table_holds_every_number_where_it_belongs() -> None:
    clean, shown, flipped = section().all("table", class_="sizes")
    assert len(clean.all("th", scope="row")) == 7 and len(flipped.all("th", scope="rowgroup")) == 4
    by_attack = dict(zip(ACCURACY, shown.all("tbody"), strict=True))
    row = next(r for r in by_attack["fgsm"].all("tr") if r.all("th")[0].text == "race: Black")
    values = [value - 0.04 + 0.025 for value in ACCURACY["fgsm"]]
    assert [c.text.split()[0] for c in row.all("td")] == ["1,561", *(f"{value:.3f}" for value in values)]
    assert [h.text for h in shown.all("thead")[0].all("th")] == [
        "Measured on",
        "Rows",
        "eps 0.05",
        "eps 0.1",
        "eps 0.2",
    ]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (0.51, 0.49, "0.510 → 0.490"),
        (0.50001, 0.49999, "0.50001 → 0.49999"),
        (0.5, 0.5, "0.500 → 0.500"),
        (None, 0.4, ""),
    ],
)
def test_scores_are_told_apart(before: float | None, after: float, shown: str) -> None:
    cells: list[Scalar | None] = [
        0,
        "smallest change",
        None,
        "pgd",
        0.1,
        0.01,
        before,
        after,
        "age",
        "20 to 30",
        "20 to 30",
        0.2,
        0.01,
    ]
    (flip,) = flips([dict(zip(COLUMNS, cells, strict=True))])
    assert flip.score == shown
    assert sentence([flip]) == "The smallest change is 0.010 standard deviations: age (20 to 30) by +0.20."
