"""Group fairness by AIF360's `ClassificationMetric`, over a weighted table of counts.

AIF360 computes the same numbers to the last digit from one row for each combination of group, label and
prediction, weighted by its rows, as from all rows; and the table does not grow with the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from audit.check import Check, Skip
from audit.checks.fairness.influence import fairness_trace
from audit.checks.fairness.metrics import COMPARISONS, DEFINITIONS, RATES, Comparison
from audit.checks.fairness.theil import theil_index
from audit.checks.fairness.threshold_tables import threshold_tables
from audit.data.protected_attributes import Attribute
from audit.frameworks.aif360_loader import aif360
from audit.result import Measurement, MetricFacts, Table
from audit.stats.group_rates import Cells, Rates, count_cells, rates, rates_of_cells
from audit.stats.influence import Traced
from audit.subject.subject import Subject

if TYPE_CHECKING:
    import pandas as pd


class Fairness(Check):
    """Compares every unprivileged group of every protected attribute with the privileged ones."""

    summary: ClassVar[str] = "How outcomes and errors differ between groups, by AIF360"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS

    def measure(self, subject: Subject) -> Iterator[Traced | Table]:
        """Yield every metric of every comparison, the Theil index of the whole table, and other thresholds."""
        label, predicted = subject.scores.label, subject.scores.predicted
        if label is None or predicted is None:
            raise Skip("a regression needs data.favorable: {at_least: NUMBER} to have favourable outcomes")
        if not subject.attributes:
            raise Skip("data.protected names no attribute")
        for measurement in _measurements(subject, label, predicted):
            yield Traced(measurement, partial(fairness_trace, subject, measurement))
        yield from threshold_tables(subject, label, predicted)


def _measurements(subject: Subject, label: np.ndarray, predicted: np.ndarray) -> Iterator[Measurement]:
    for attribute in subject.attributes:
        yield from _compare(attribute, label, predicted, subject)
    yield theil_index(label, predicted, subject.clusters)


def _compare(
    attribute: Attribute, label: np.ndarray, predicted: np.ndarray, subject: Subject
) -> Iterator[Measurement]:
    cells = count_cells(attribute.codes, label, predicted, subject.weights)
    compared = _comparer(_table(cells), attribute.privileged)
    sides = _sides(attribute, label, predicted, cells, subject)
    for group in attribute.unprivileged:
        metric = compared(group)
        for name, comparison in COMPARISONS.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                value = float(getattr(metric, name)())
            yield _measurement(name, value, comparison, sides, attribute, group)


def _sides(
    attribute: Attribute, label: np.ndarray, predicted: np.ndarray, cells: Cells, subject: Subject
) -> dict[str, Rates]:
    """Return every rate by group; all privileged groups together are one more, behind the others."""
    together = len(attribute.groups)
    place = np.arange(together)
    place[attribute.privileged] = together
    if subject.clusters is None:
        merged = replace(cells, group=place[cells.group])
        return {
            name: rates_of_cells(
                rate.event(cells.label, cells.predicted),
                rate.within(cells.label, cells.predicted),
                merged,
                together + 1,
            )
            for name, rate in RATES.items()
        }
    sides = {}
    for name, rate in RATES.items():  # clusters are known row by row only
        rows = rate.within(label, predicted)
        weights = None if subject.weights is None else subject.weights[rows]
        event, code = rate.event(label, predicted)[rows], place[attribute.codes[rows]]
        sides[name] = rates(event, code, together + 1, weights, subject.clusters[rows])
    return sides


def _measurement(
    name: str, value: float, comparison: Comparison, sides: dict[str, Rates], attribute: Attribute, group: int
) -> Measurement:
    together = len(attribute.groups)
    several = len(comparison.rates) > 1
    counts, rows = {}, []
    for rate in comparison.rates:
        for side, index in (("unprivileged", group), ("privileged", together)):
            counts[f"{side}_{rate}" if several else side] = sides[rate].counts(index)
            rows.append(int(sides[rate].rows[index]))
    return Measurement(
        metric=f"fairness.{name}",
        value=value,
        n=sum(rows),
        smallest_n=min(rows),
        method=comparison.method,
        counts=counts,
        where={
            "attribute": attribute.name,
            "unprivileged": attribute.groups[group],
            "privileged": attribute.privileged_name,
        },
    )


def _table(cells: Cells) -> pd.DataFrame:
    import pandas as pd  # late: listing the checks needs none of it

    columns = {
        "group": cells.group,
        "label": cells.label,
        "predicted": cells.predicted,
        "weight": cells.weight,
    }
    return pd.DataFrame({name: values.astype(float) for name, values in columns.items()})


def _comparer(table: pd.DataFrame, privileged: list[int]) -> Callable[[int], Any]:
    """Return what makes AIF360's metric of a group against the privileged ones; its data sets are made once for all."""

    def dataset(outcome: str) -> Any:
        return aif360("datasets").BinaryLabelDataset(
            favorable_label=1.0,
            unfavorable_label=0.0,
            df=table[["group", "weight"]].assign(outcome=table[outcome]),
            label_names=["outcome"],
            protected_attribute_names=["group"],
            instance_weights_name="weight",
        )

    label, predicted = dataset("label"), dataset("predicted")

    def compared(group: int) -> Any:
        return aif360("metrics").ClassificationMetric(
            label,
            predicted,
            unprivileged_groups=[{"group": float(group)}],
            privileged_groups=[{"group": float(index)} for index in privileged],
        )

    return compared
