"""Group fairness by AIF360's `ClassificationMetric`, over a weighted table of counts.

AIF360 computes the same numbers to the last digit from one row for each combination of group, label and
prediction, weighted by its rows, as from all rows; and the table does not grow with the data.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import ClassVar

import numpy as np

from audit.check import Check, Skip
from audit.checks.fairness.aif360_metrics import metrics_by_group
from audit.checks.fairness.decided_rows import DecidedRows
from audit.checks.fairness.mean_predictions import (
    FACTS,
    influence,
    mean_prediction_difference,
    mean_prediction_differences,
)
from audit.checks.fairness.mean_predictions import NAME as MEAN_PREDICTION_DIFFERENCE
from audit.checks.fairness.metrics import COMPARISONS, DEFINITIONS, RATES, theil, theil_index
from audit.checks.fairness.permuted_range import Side, permuted_range, rate_ranges
from audit.checks.fairness.privileged_groups import among_privileged
from audit.checks.fairness.shared_clusters import privileged_last, shares_left
from audit.checks.fairness.threshold_tables import threshold_tables
from audit.data.protected_attributes import Attribute
from audit.result import Measurement, MetricFacts, Note, Scalar, Table, Unasked
from audit.result.small_groups import pool_name, pools
from audit.stats.group_rates import CellCounts, Rates, count_cells, rates, rates_of_cells
from audit.stats.influence import Influence, Shares, Trace, Traced
from audit.stats.permuted_decisions import DecisionTotals
from audit.subject.predictions import Regressed
from audit.subject.preview import Preview
from audit.subject.subject import Subject
from audit.subject.unasked_intersections import (
    limited_metrics,
    unasked_intersections,
    unmeasured_intersections,
)


class Fairness(Check):
    """Compares every unprivileged group of every protected attribute with the privileged ones."""

    summary: ClassVar[str] = "How outcomes and errors differ between groups (metrics of AIF360)"
    metrics: ClassVar[dict[str, MetricFacts]] = {**DEFINITIONS, MEAN_PREDICTION_DIFFERENCE: FACTS}
    where_keys: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        metrics.keys() - {"theil_index"}, ("attribute", "unprivileged", "privileged")
    )
    example: ClassVar[str] = (
        '{metric: fairness.disparate_impact, where: {attribute: "*"}, at_least: 0.8, at_most: 1.25}'
    )
    label_free: ClassVar[frozenset[str]] = frozenset({"disparate_impact", "statistical_parity_difference"})

    def planned_evaluations(self, _: Preview) -> tuple[float, float]:
        """Return 0: all rows are scored already."""
        return 0.0, 0.0

    def measure(self, subject: Subject) -> Iterator[Traced | Table | Note | Unasked]:
        """Yield every metric of every comparison, the Theil index of the whole table, and other thresholds."""
        if not subject.attributes:
            raise Skip("no protected attribute is listed under data.protected")
        subject = _with_both_sides(subject)
        yield from unmeasured_intersections(subject, "fairness")
        scores = subject.scores
        label = scores.label
        predicted = scores.predicted
        if isinstance(scores, Regressed):
            yield from _unasked_means(scores, subject)
            for attribute in subject.attributes:
                for measurement in mean_prediction_differences(attribute, scores, subject):
                    yield Traced(measurement, partial(fairness_trace, subject, measurement))
        if label is None or predicted is None:
            text = "A regression needs data.favorable: {at_least: NUMBER} to have favourable outcomes to compare."
            yield Note(text=text, about={"attribute": [attribute.name for attribute in subject.attributes]})
            return
        compared = (_by_group(attribute, label, predicted, subject) for attribute in subject.attributes)
        for measurement in chain(*compared, [theil_index(label, predicted, subject.clusters)]):
            yield Traced(measurement, partial(fairness_trace, subject, measurement))
        yield from _unasked(label, predicted, subject)
        if subject.tables:
            yield from threshold_tables(subject, label, predicted)


def _with_both_sides(subject: Subject) -> Subject:
    """Return the subject with the attributes that have something to compare: in an audit all, in a batch perhaps not.

    Raises:
        Skip: there is none.
    """
    both = [attribute for attribute in subject.attributes if attribute.privileged and attribute.unprivileged]
    if not both:
        raise Skip("no protected attribute has rows of both privileged and unprivileged groups")
    return subject if len(both) == len(subject.attributes) else replace(subject, attributes=both)


def _unasked(label: np.ndarray, predicted: np.ndarray, subject: Subject) -> Iterator[Unasked]:
    """Yield the limited metrics of what `_uncompared` yields."""
    for attribute, groups, metrics in _uncompared(subject):
        names = [name for name in COMPARISONS if f"fairness.{name}" in metrics]
        for measurement in _compare(attribute, groups, names, label, predicted, subject):
            yield Unasked(measurement=measurement)


def _unasked_means(scores: Regressed, subject: Subject) -> Iterator[Unasked]:
    """Yield the differences of mean predictions, where the policy limits them, of what `_uncompared` yields."""
    for attribute, groups, metrics in _uncompared(subject):
        if f"fairness.{MEAN_PREDICTION_DIFFERENCE}" in metrics:
            for group in groups:
                name = attribute.groups[group]
                yield Unasked(measurement=mean_prediction_difference([name], attribute, scores, subject))


def _uncompared(subject: Subject) -> Iterator[tuple[Attribute, list[int], frozenset[str]]]:
    """Yield what no rule compares, with the metrics that the policy limits for its groups.

    That is pairwise intersections that the policy does not name, and privileged groups among themselves.
    """
    for pair in unasked_intersections(subject, "fairness"):
        yield pair.attribute, pair.attribute.unprivileged, pair.metrics
    for attribute in subject.attributes:
        is_protected = attribute.name in subject.policy.data.protected  # and no intersection
        if is_protected and (metrics := limited_metrics(subject, "fairness", attribute.name)):
            for against, group in among_privileged(attribute):
                yield against, [group], metrics


def _by_group(
    attribute: Attribute, label: np.ndarray, predicted: np.ndarray, subject: Subject
) -> Iterator[Measurement]:
    """Yield the comparisons of each group; then of all together that are small in a metric's denominators."""
    groups = list(_compare(attribute, attribute.unprivileged, COMPARISONS, label, predicted, subject))
    yield from groups
    for members, metrics in pools(groups, subject.policy.gate.min_rows).items():
        pool = attribute.pooled(members, pool_name(attribute.groups))
        names = [name for name in COMPARISONS if f"fairness.{name}" in metrics]
        for measurement in _compare(pool, [len(pool.groups) - 1], names, label, predicted, subject):
            yield replace(measurement, members=list(members))


def _compare(
    attribute: Attribute, groups: Sequence[int], names: Iterable[str],
    label: np.ndarray, predicted: np.ndarray, subject: Subject,
) -> Iterator[Measurement]:  # fmt: skip
    """Yield the metrics of these names of some groups against the privileged ones."""
    cells = count_cells(attribute.codes, label, predicted, subject.weights)
    metrics_of = metrics_by_group(cells, attribute.privileged)
    rates_by_name = _rates(attribute, label, predicted, cells, subject)
    rows = DecidedRows(label, predicted, subject.weights, subject.clusters)
    compared = _compared_rates(names, rates_by_name, shares_left(attribute, rows, rates_by_name))
    decisions = DecisionTotals.of(predicted, subject.weights)
    privileged = rate_ranges(Side.of(cells, attribute.privileged), decisions)
    for group in groups:
        where: dict[str, Scalar] = {
            "attribute": attribute.name,
            "unprivileged": attribute.groups[group],
            "privileged": attribute.privileged_name,
        }
        unprivileged = rate_ranges(Side.of(cells, [group]), decisions)
        metrics = metrics_of(group)
        for name, sides in compared.items():
            rows_of_sides = sides.rows(group)
            with np.errstate(divide="ignore", invalid="ignore"):
                value = float(getattr(metrics, name)())
            yield Measurement(
                metric=f"fairness.{name}",
                value=value,
                n=sum(rows_of_sides),
                smallest_n=min(rows_of_sides),
                method=COMPARISONS[name].method,
                counts=sides.counts(group),
                where=dict(where),
                permuted_range=permuted_range(name, unprivileged, privileged),
            )


def _rates(
    attribute: Attribute, label: np.ndarray, predicted: np.ndarray, cells: CellCounts, subject: Subject
) -> dict[str, Rates]:
    """Return every rate by group; all privileged groups together are one more, behind the others."""
    groups = len(attribute.groups)
    merged = privileged_last(attribute)
    merged_cells = replace(cells, group=merged[cells.group])
    by_name = {}
    for name, rate in RATES.items():
        if subject.clusters is None:
            event = rate.event(cells.label, cells.predicted)
            within = rate.within(cells.label, cells.predicted)
            by_name[name] = rates_of_cells(event, within, merged_cells, groups + 1)
        else:  # clusters are known row by row only
            rows = rate.within(label, predicted)
            weights = None if subject.weights is None else subject.weights[rows]
            event = rate.event(label, predicted)[rows]
            code = merged[attribute.codes[rows]]
            by_name[name] = rates(event, code, groups + 1, weights, subject.clusters[rows])
    return by_name


@dataclass(frozen=True)
class _ComparedRates:
    """The rates that a metric compares, by their names in ``counts``; all lists have one entry a group.

    ``counts_of`` are events and trials, ``rows_of`` numbers of rows, of both sides of each rate.
    """

    counts_of: dict[str, list[list[float]]]
    rows_of: list[list[int]]

    def counts(self, group: int) -> dict[str, list[float]]:
        """Return events and trials of a group's comparison."""
        return {name: counts[group] for name, counts in self.counts_of.items()}

    def rows(self, group: int) -> list[int]:
        """Return the numbers of rows in the denominators of a group's comparison."""
        return [rows[group] for rows in self.rows_of]


def _compared_rates(
    names: Iterable[str], rates_by_name: Mapping[str, Rates], left: Mapping[str, np.ndarray]
) -> dict[str, _ComparedRates]:
    """Return the rates of the metrics of these names, of the share ``left`` of their effective trials."""
    compared = {}
    for name in names:
        rates = COMPARISONS[name].rates
        counts_of = {}
        rows_of = []
        for rate in rates:
            of_rate = rates_by_name[rate]
            counts = np.stack([of_rate.events, of_rate.trials], axis=1)
            for side, place in (("unprivileged", slice(-1)), ("privileged", slice(-1, None))):
                key = f"{side}_{rate}" if len(rates) > 1 else side
                counts_of[key] = (left[name][:-1, None] * counts[place]).tolist()
                rows_of.append(np.broadcast_to(of_rate.rows[place], len(counts) - 1).tolist())
        compared[name] = _ComparedRates(counts_of, rows_of)
    return compared


def fairness_trace(subject: Subject, measurement: Measurement) -> Trace:
    """Return the rows behind a measurement of the fairness check."""
    name = measurement.metric.partition(".")[2]
    scores = subject.scores
    label = scores.label
    predicted = scores.predicted
    if name == "theil_index":
        assert label is not None and predicted is not None  # or there was no measurement
        return Influence(theil(label, predicted).influence(slice(None)))
    (attribute,) = (a for a in subject.attributes if a.name == measurement.where["attribute"])
    groups = measurement.members or [str(measurement.where["unprivileged"])]
    if isinstance(scores, Regressed) and name == MEAN_PREDICTION_DIFFERENCE:
        return Influence(influence(groups, attribute, scores, subject))
    assert label is not None and predicted is not None
    sides = {
        "unprivileged": attribute.rows_of(groups),
        "privileged": np.isin(attribute.codes, attribute.privileged),
    }
    rates = COMPARISONS[name].rates
    return Shares(
        {
            f"{side}_{rate}" if len(rates) > 1 else side: (
                rows & RATES[rate].within(label, predicted),
                RATES[rate].event(label, predicted),
            )
            for rate in rates
            for side, rows in sides.items()
        }
    )
