"""The worst slices and the changed groups on the page, against their tables."""

from __future__ import annotations

from dataclasses import replace

from audit.formats.html.explainability.changed_groups import COLUMNS, METRIC, changed_attributes
from audit.formats.html.page import render_html
from audit.formats.html.slices import slice_rows
from audit.formats.text.table_records import Record
from audit.result import CheckResult, Measurement, Table

from .pages import parse
from .samples import small

LINES = [
    ("age 25 to 37 and workclass <b>", 412, 0.62, 0.85, 0.23, 0.15, 0.31, True),
    ("sex F", 90, 0.8, 0.84, 0.04, -0.1, 0.2, False),
]


def check(quality: str = "accuracy") -> CheckResult:
    heads = ["slice", "rows", quality, f"{quality}_elsewhere", "gap", "low", "high", "weak_spot"]
    columns = {head: list(cells) for head, cells in zip(heads, zip(*LINES, strict=True), strict=True)}
    return CheckResult(
        name="slices", status="measured", tables=[Table(name="slices", about="", columns=columns)]
    )


def test_slices_are_rows_of_a_table() -> None:
    first, second = slice_rows(check())
    assert (first.text, first.rows, first.quality, first.inside, first.outside) == (
        "age 25 to 37 and workclass <b>", "412", "Accuracy", "62.0\u00a0%", "85.0\u00a0%",
    )  # fmt: skip
    assert (first.gap, first.ci, first.weak_spot, second.weak_spot) == (
        "0.230",
        "0.150 to 0.310",
        True,
        False,
    )
    assert slice_rows(check("error"))[0].inside == "0.620"
    assert slice_rows(replace(check(), tables=[])) == []


def test_the_page_draws_slices_once_and_escapes_them() -> None:
    root = parse(render_html(replace(small(), checks=[check()])))
    (section,) = root.all("article", id="check-1")
    assert section.text.count("age 25 to 37 and workclass <b>") == 1 and not section.all("b", class_="x")
    assert [cell.text for cell in section.all("td", class_="words")] == ["yes", "no"]


ROWS = [
    ("sex", "M", "F", 200, 15, 0.075, 15, 0),
    ("sex", "F", "M", 100, 2, 0.02, 0, 2),
    ("age", "<30", ">=30", 50, 0, 0.0, 0, 0),
]
PAIRS: list[Record] = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


def test_the_pair_of_which_most_decisions_change_is_said() -> None:
    rate = Measurement(
        metric=METRIC, value=0.057, n=300, method="m", ci=(0.05, 0.06), where={"attribute": "sex"}
    )
    sex, age = changed_attributes(PAIRS, [rate])
    said = sex.sentence.replace("\u00a0", " ")
    share = "5.7 % (5.0 to 6.0 %) of the rows"
    rate_said = f"If nothing but sex changes, {share} get another decision for at least one of its groups."
    assert said == f"{rate_said} The largest share is 7.5 %: rows of M with the values of F."
    assert [pair.share.replace("\u00a0", " ") for pair in sex.pairs] == ["7.5 %", "2.0 %"]
    assert age.sentence == "" and age.pairs[0].flips == "0"


def test_damaged_lines_are_left_out() -> None:
    broken: Record = {**PAIRS[0], "share": None}
    (sex,) = changed_attributes([broken], [])
    assert sex.pairs == [] and sex.sentence == ""
