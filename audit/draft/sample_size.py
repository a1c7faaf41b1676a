"""Rules of a draft for which the rows are too few, before any model has scored them."""

from collections.abc import Iterator

import numpy as np

from audit.data.dataset import Dataset
from audit.data.labels import Labels
from audit.gate.attainable import underpowered
from audit.policy.gate_spec import GateSpec, Rule
from audit.result import Measurement
from audit.result.small_groups import is_small

ASSUMED_RATE = 0.8
"""True positive rate at which a rule about it is tested for whether it can be decided."""


def undecidable(rule: Rule, table: Dataset, gate: GateSpec) -> Iterator[str]:
    """Yield the reason for each group for which the rows cannot decide ``rule``.

    It is decided for a model that treats both groups alike: with the label's share of favourable outcomes
    for disparate impact, and a true positive rate of `ASSUMED_RATE` for equal opportunity.
    """
    if not isinstance(table.labels, Labels):
        return
    favorable = np.isin(table.labels.codes, table.labels.favorable)
    for measurement in _foreseen(rule, table, favorable):
        name = measurement.where.get("unprivileged", "all rows")
        if is_small(measurement, gate.min_rows):
            yield f"{name} ({measurement.rows:,} rows, fewer than min_rows)"
        elif reason := underpowered(rule, measurement, gate.confidence):
            yield f"{name} ({reason})"


def _foreseen(rule: Rule, table: Dataset, favorable: np.ndarray) -> Iterator[Measurement]:
    """Yield the measurements that ``rule`` covers, as far as rows and labels determine their counts."""
    if rule.metric == "fairness.disparate_impact":
        everyone = np.ones_like(favorable)
        yield from _comparisons(rule, table, everyone, float(favorable.mean()), "mover-ratio")
    elif rule.metric == "fairness.equal_opportunity_difference":
        yield from _comparisons(rule, table, favorable, ASSUMED_RATE, "mover-difference")
    elif rule.metric == "performance.auc":
        counts = {"favorable": [float(favorable.sum())], "unfavorable": [float((~favorable).sum())]}
        yield Measurement(metric=rule.metric, value=1.0, n=len(favorable), method="delong", counts=counts)


def _comparisons(
    rule: Rule, table: Dataset, within: np.ndarray, rate: float, method: str
) -> Iterator[Measurement]:
    value_of_equal_groups = 1.0 if method == "mover-ratio" else 0.0
    for attribute in (a for a in table.attributes if a.name == rule.where.get("attribute")):
        rows = np.bincount(attribute.codes[within], minlength=len(attribute.groups))
        privileged = int(rows[attribute.privileged].sum())
        for group in attribute.unprivileged:
            sides = {"unprivileged": int(rows[group]), "privileged": privileged}
            yield Measurement(
                metric=rule.metric,
                value=value_of_equal_groups,
                n=sum(sides.values()),
                smallest_n=min(sides.values()),
                method=method,
                counts={side: [rate * n, float(n)] for side, n in sides.items()},
                where={"attribute": attribute.name, "unprivileged": attribute.groups[group]},
            )
