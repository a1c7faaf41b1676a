"""Rows of small groups, and the share of all rows that no rule decided on, against counts by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.cli.summary import remarks, summary
from audit.formats.html.page import render_html
from audit.formats.registry import FORMATS
from audit.formats.small_groups import rows_in_words, undecided_rows
from audit.result import GroupFacts, Measurement, Report, RuleResult

from . import samples

RACE = GroupFacts(
    attribute="race", privileged=["White"], rows={"White": 900, "Black": 300, "Eskimo": 159, "Other": 41}
)


def compared(name: str, rows: int, *members: str) -> Measurement:
    where = {"attribute": "race", "unprivileged": name, "privileged": "White"}
    return Measurement(
        metric="fairness.equal_opportunity_difference", value=0.05, n=rows + 200, smallest_n=rows, method="none",
        where=dict(where), members=list(members),
    )  # fmt: skip


def report(*decided: Measurement, left_out: list[Measurement]) -> Report:
    rule = RuleResult(
        id="r", metric="fairness.equal_opportunity_difference", where={"attribute": "race"}, limit={"within": 0.1},
        status="inconclusive", reason="", measurements=list(decided), not_decided=left_out,
    )  # fmt: skip
    one = samples.report()
    return replace(one, rules=[rule], data=replace(one.data, rows=1400, groups=[RACE]))


SMALL = [compared("Eskimo", 19), compared("Other", 10)]


def test_a_group_is_shown_with_all_its_rows_and_those_that_count() -> None:
    assert rows_in_words(SMALL[0], [RACE]) == "159 rows, 19 in the denominator"
    assert (
        rows_in_words(compared("(others)", 29, "Eskimo", "Other"), [RACE])
        == "200 rows, 29 in the denominator"
    )
    assert rows_in_words(compared("Eskimo", 159), [RACE]) == "159 rows"
    assert rows_in_words(compared("Eskimo", 19), []) == "19 rows"


def test_which_share_of_the_rows_no_rule_decided_on() -> None:
    found = report(compared("Black", 250), left_out=SMALL)
    sentence = "race: no rule decided on 14.3% of the rows (200 of 1,400): Eskimo 159, Other 41"
    assert list(undecided_rows(found)) == [sentence]
    assert f"  note    {sentence}" in list(remarks(found))
    assert sentence in render_html(found)
    assert any("159 rows, 19 in the denominator" in line for line in summary(found, found))
    nothing = report(left_out=[compared("Black", 20), *SMALL])
    assert next(undecided_rows(nothing)).startswith(
        "race: no rule decided on 100.0% of the rows (1,400 of 1,400): White"
    )


@pytest.mark.parametrize("format", ["html", "junit", "markdown", "model-card"])
def test_every_format_with_groups_shows_both_numbers(format: str) -> None:
    text = FORMATS[format].render(report(compared("Black", 250), left_out=SMALL))
    smallest = "41 rows, 10 in the denominator"
    assert smallest in text and "159 rows, 19 in the denominator" in text


def test_members_of_a_pool_are_decided_on() -> None:
    pool = compared("(others)", 200, "Eskimo", "Other")
    assert list(undecided_rows(report(compared("Black", 250), pool, left_out=SMALL))) == []
