"""Groups next to each other: their rates, then the comparisons of a fairness definition family in one table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.charts.measurement_table import methods
from audit.formats.html.charts.row_budget import rows_each
from audit.formats.text.catalogue import title, words
from audit.formats.text.metric_facts import facts_of
from audit.formats.text.where_labels import describe, without
from audit.numbers import Estimate, count, estimate
from audit.result import CheckResult, Measurement, Report
from audit.result.small_groups import where_in_words

_RATES = (
    "performance.selection_rate",
    "performance.true_positive_rate",
    "performance.false_positive_rate",
    "performance.accuracy",
    "performance.mae",
)
_MAX_RATES = 4
_FAMILIES = {
    "selection": ("disparate_impact", "statistical_parity_difference"),
    "same_label": (
        "equal_opportunity_difference",
        "equalized_odds_difference",
        "average_odds_difference",
        "average_abs_odds_difference",
        "false_negative_rate_difference",
        "false_negative_rate_ratio",
        "false_positive_rate_difference",
        "false_positive_rate_ratio",
    ),
    "same_decision": (
        "false_discovery_rate_difference",
        "false_discovery_rate_ratio",
        "false_omission_rate_difference",
        "false_omission_rate_ratio",
    ),
    "errors": ("error_rate_difference", "error_rate_ratio"),
    "predictions": ("mean_prediction_difference",),
}
"""The fairness metrics by the definition that they measure, with the catalogue's key."""

_CHECK = "fairness"
_MAX_OPEN_GROUPS = 20
_COMPARED = frozenset({"attribute", "unprivileged", "privileged"})
MIN_ROWS = 12


@dataclass(frozen=True, slots=True)
class GroupRates:
    """The groups of one attribute, one a row: name, whether privileged, rows, and an estimate for each of ``heads``.

    ``beyond`` is the number of groups that are in the report's JSON only.
    """

    attribute: str
    heads: list[str]
    rows: list[tuple[str, bool, str, list[Estimate | None]]]
    beyond: int


class Comparisons(NamedTuple):
    """Comparisons of one attribute's groups, one a row: label, and an estimate for each metric of the family.

    ``beyond`` is the number of comparisons that are in the report's JSON only.
    """

    attribute: str
    rows: list[tuple[str, list[Estimate | None]]]
    beyond: int


@dataclass(frozen=True, slots=True)
class Family:
    """The metrics of one definition family: ``heads`` with their ``abouts``, and comparisons by attribute."""

    title: str
    about: str
    heads: list[str]
    abouts: list[str]
    attributes: list[Comparisons]
    methods: str


@dataclass(frozen=True, slots=True)
class GroupTables:
    """The rates of each attribute's groups, and of intersections', and the tables of each definition family.

    ``folded`` are the rates of attributes with so many groups that a page would consist of little else.
    """

    rates: list[GroupRates]
    folded: list[GroupRates]
    intersections: list[GroupRates]
    families: list[Family]

    @staticmethod
    def covers(measurement: Measurement) -> bool:
        """Return whether a measurement is in one of the families' tables."""
        name = measurement.metric.removeprefix(f"{_CHECK}.")
        in_family = any(name in metrics for metrics in _FAMILIES.values())
        return in_family and measurement.where.keys() == _COMPARED


def group_tables(check: CheckResult, report: Report) -> GroupTables | None:
    """Return the tables of the fairness check; None of any other, or if it compared nothing."""
    if check.name != _CHECK:
        return None
    compared = [m for m in check.measurements if GroupTables.covers(m)]
    if not compared:
        return None
    tables = GroupTables([], [], [], list(_families(compared, check)))
    for each in _rates(report):
        single = tables.folded if len(each.rows) > _MAX_OPEN_GROUPS else tables.rates
        (tables.intersections if "*" in each.attribute else single).append(each)
    return tables


def _rates(report: Report) -> Iterator[GroupRates]:
    """Yield the rates that the performance check measured, of every attribute that it measured."""
    measured = {
        (m.metric, m.where["attribute"], m.where["group"]): m
        for check in report.checks
        for m in check.measurements
        if m.metric in _RATES and m.where.keys() == {"attribute", "group"}
    }
    metrics = [name for name in _RATES if any(key[0] == name for key in measured)][:_MAX_RATES]
    max_rows = rows_each([len(facts.rows) for facts in report.data.groups], MIN_ROWS)
    for facts in report.data.groups:
        ordered = sorted(facts.rows, key=lambda name: name not in facts.privileged)
        cells = {
            name: [_estimate(measured.get((metric, facts.attribute, name))) for metric in metrics]
            for name in ordered[:max_rows]
        }
        rows = [(name, name in facts.privileged, count(facts.rows[name]), row) for name, row in cells.items()]
        if any(cell for row in cells.values() for cell in row):
            yield GroupRates(
                facts.attribute, [title(name) for name in metrics], rows, max(0, len(ordered) - max_rows)
            )


def _families(compared: Sequence[Measurement], check: CheckResult) -> Iterator[Family]:
    for key, names in _FAMILIES.items():
        by_metric = {name: [m for m in compared if m.metric == f"{_CHECK}.{name}"] for name in names}
        metrics = [name for name, measurements in by_metric.items() if measurements]
        if metrics:
            attributes = _comparisons({name: by_metric[name] for name in metrics})
            heads = [title(f"{_CHECK}.{name}") for name in metrics]
            abouts = [facts_of(f"{_CHECK}.{name}", [check]).about for name in metrics]
            used = methods(m for name in metrics for m in by_metric[name])
            yield Family(words("family", key), words("about_family", key), heads, abouts, attributes, used)


def _comparisons(by_metric: Mapping[str, Sequence[Measurement]]) -> list[Comparisons]:
    attributes: dict[str, dict[str, dict[str, Measurement]]] = {}
    for name, measurements in by_metric.items():
        for m in measurements:
            label = describe(without(where_in_words(m), {"attribute": ""}))
            rows = attributes.setdefault(str(m.where["attribute"]), {})
            rows.setdefault(label, {})[name] = m
    max_rows = rows_each([len(rows) for rows in attributes.values()], MIN_ROWS)
    return [
        Comparisons(
            attribute,
            [
                (label, [_estimate(row.get(name)) for name in by_metric])
                for label, row in list(rows.items())[:max_rows]
            ],
            max(0, len(rows) - max_rows),
        )
        for attribute, rows in attributes.items()
    ]


def _estimate(measurement: Measurement | None) -> Estimate | None:
    return None if measurement is None else estimate(measurement.value, measurement.ci)
