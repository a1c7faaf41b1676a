"""The chart of common corruptions: its sentence against figures made by hand, its places read off its axes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.formats.html.page import render_html
from audit.formats.html.robustness.corruption_curves import Corruptions
from audit.formats.html.robustness.section import RobustnessSection
from audit.result import CheckResult, Measurement, Scalar

from .attacked import FACTS, robustness
from .builders import measurement
from .pages import parse
from .samples import full

VALUES = {
    "gaussian_noise": (0.9, 0.8, 0.7),
    "gaussian_blur": (0.88, 0.61, 0.3),
    "contrast": (0.93, 0.9, 0.65),
    "brightness": (0.92, 0.91, 0.9),
}
CLEAN = measurement("robustness.clean_accuracy", 0.95, 0.02, 500)


def corrupted(kind: str, severity: Scalar, value: float, **who: Scalar) -> Measurement:
    where: dict[str, Scalar] = {"corruption": kind, "severity": severity, **who}
    return measurement("robustness.corruption_accuracy", value, 0.03, 500, **where)


ALL = [
    corrupted(kind, severity, value)
    for kind, values in VALUES.items()
    for severity, value in zip((1, 3, 5), values, strict=True)
]
OF_GROUP = corrupted("contrast", 3, 0.5, attribute="camera", group="<old>")


def check(*found: Measurement) -> CheckResult:
    return CheckResult(name="robustness", status="measured", metrics=FACTS, measurements=list(found))


def view(*found: Measurement) -> Corruptions | None:
    return RobustnessSection.of(check(*found)).corruptions


def test_the_sentence_names_the_worst_of_the_middle_severity() -> None:
    drawn = view(CLEAN, *ALL)
    assert drawn and drawn.curve
    assert drawn.curve.sentence == (
        "At severity 3, accuracy is lowest under gaussian blur: 0.610 (0.580 to 0.640); "
        "on the uncorrupted images it is 0.950."
    )
    alone = view(corrupted("contrast", 2, 0.5))
    assert alone and alone.curve and "on the uncorrupted images" not in alone.curve.sentence


def test_lines_begin_at_the_accuracy_without_a_corruption() -> None:
    drawn = view(CLEAN, *ALL)
    assert drawn and drawn.curve
    assert [s.name for s in drawn.curve.series] == ["noise", "blur", "contrast", "brighter"]
    assert len({s.kind for s in drawn.curve.series}) == 4  # not told apart by colour alone: marks and dashes
    high, low = ((float(y), float(text)) for y, text in (drawn.curve.ticks[-1], drawn.curve.ticks[0]))
    scale = (low[0] - high[0]) / (high[1] - low[1])
    for series, values in zip(drawn.curve.series, VALUES.values(), strict=True):
        heights = [float(point.split()[1]) for point in series.path.removeprefix("M").split("L")]
        assert heights == pytest.approx(
            [high[0] + scale * (high[1] - value) for value in (0.95, *values)], abs=0.06
        )
        assert series.value == f"{values[-1]:.3f}" and len(series.whiskers) == 3
    assert [text for _, text in drawn.curve.sizes] == ["0", "1", "3", "5"]


def test_groups_stand_in_the_table() -> None:
    drawn = view(CLEAN, *ALL, OF_GROUP)
    assert drawn
    (table,) = drawn.full
    assert table.measurements == 13 and table.unit == "severity" and table.heads == ["1", "3", "5"]
    assert [row.label for row in table.parts["contrast"]] == ["all rows", "camera: <old>"]
    assert table.parts["contrast"][1].cells[0] is None and table.parts["contrast"][1].cells[1]


@pytest.mark.parametrize(
    "found",
    [
        corrupted("contrast", True, 0.5),
        corrupted("contrast", "3", 0.5),
        corrupted("contrast", -1, 0.5),
        replace(OF_GROUP, where={"corruption": "contrast"}),
        replace(OF_GROUP, where={"severity": 1, "attribute": "a", "group": "b"}),
    ],
)
def test_what_is_another_measurement_is_left_to_the_general_list(found: Measurement) -> None:
    assert not RobustnessSection.covers(found)
    assert view(found) is None


def test_without_corruptions_there_is_no_part() -> None:
    assert view(CLEAN) is None and RobustnessSection.of(robustness()).corruptions is None
    assert "common corruptions" not in render_html(full())


def test_the_page_tells_what_it_draws() -> None:
    given = replace(full(), checks=[check(CLEAN, *ALL, OF_GROUP, corrupted("<b>mine", 3, 0.4))])
    page = parse(render_html(given))
    (chart,) = page.all("svg", class_="graph wide")
    assert chart.all("title")[0].text == "Accuracy against the severity of a corruption"
    assert "blur ends at 0.300" in chart.all("desc")[0].text
    assert not page.all("b", class_="mine") and "<b>mine" in page.text
    assert page.text.count("severity 3") >= 1
