"""Groups next to each other, and the tables of the fairness definitions."""

from dataclasses import replace

from audit.check import check_class
from audit.formats.html.charts.row_budget import MAX_PAGE_ROWS
from audit.formats.html.group_tables import GroupTables, group_tables
from audit.result import Measurement

from .builders import compared, fairness, measurement
from .many import GROUPS, many_groups
from .samples import small

WHERE = {"attribute": "sex", "unprivileged": "F", "privileged": "M"}


def test_every_metric_of_the_check_has_a_family() -> None:
    for name in check_class("fairness").metrics.keys() - {"theil_index"}:
        assert GroupTables.covers(
            Measurement(metric=f"fairness.{name}", value=0, n=1, method="m", where=dict(WHERE))
        )
    assert not GroupTables.covers(Measurement(metric="fairness.theil_index", value=0, n=1, method="m"))
    assert not GroupTables.covers(
        Measurement(metric="fairness.mine", value=0, n=1, method="m", where=dict(WHERE))
    )


def test_each_comparison_is_in_one_cell_of_its_family() -> None:
    tables = group_tables(fairness(), small())
    assert tables
    cells = [
        e for family in tables.families for c in family.attributes for _, row in c.rows for e in row if e
    ]
    assert len(cells) == len(fairness().measurements)
    (selection, *_) = tables.families
    assert selection.heads == ["Disparate impact"]
    assert dict(selection.attributes[0].rows) == {"Female against Male": [("0.510", "0.456 to 0.564")]}


def test_rates_put_privileged_groups_first_and_intersections_apart() -> None:
    tables = group_tables(fairness(), small())
    assert tables and tables.intersections == []
    race = next(r for r in tables.rates if r.attribute == "race")
    assert race.rows[0][:2] == ("White", True) and not any(privileged for _, privileged, *_ in race.rows[1:])
    assert race.heads == ["Accuracy"] and all(cell for *_, cells in race.rows for cell in cells)


def test_an_attribute_of_many_groups_is_folded() -> None:
    report = many_groups()
    tables = group_tables(report.checks[1], report)
    assert tables and [r.attribute for r in tables.rates] == ["sex", "race"]
    (folded,) = tables.folded
    assert len(folded.rows) + folded.beyond == GROUPS


def test_metrics_that_one_comparison_lacks_leave_a_gap() -> None:
    one = compared("fairness.disparate_impact", 0.5, 0.1, 100, "sex", "F", 50)
    two = compared("fairness.statistical_parity_difference", -0.1, 0.1, 100, "sex", "G", 50)
    tables = group_tables(replace(fairness(), measurements=[one, two]), small())
    assert tables
    rows = tables.families[0].attributes[0].rows
    assert [[cell is None for cell in row] for _, row in rows] == [[False, True], [True, False]]


def test_another_check_and_one_without_comparisons_have_none() -> None:
    assert group_tables(small().checks[0], small()) is None
    overall = measurement("fairness.theil_index", 0.1, 0.01, 9)
    assert group_tables(replace(fairness(), measurements=[overall]), small()) is None


def test_what_does_not_fit_is_counted() -> None:
    many = [
        compared("fairness.disparate_impact", 0.5, 0.1, 100, attribute, f"g{i}", 50)
        for attribute in ("sex", "race")
        for i in range(MAX_PAGE_ROWS)
    ]
    tables = group_tables(replace(fairness(), measurements=many), small())
    assert tables
    for comparisons in tables.families[0].attributes:
        assert len(comparisons.rows) == MAX_PAGE_ROWS // 2 == comparisons.beyond
