"""Which default rules the rows at hand are too few to decide, even where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.claims import finding
from audit.data.groups import Attribute
from audit.data.labels import Labels
from audit.data.table import Table
from audit.policy.model import Rule
from audit.result import Measurement
from audit.stats import interval

ASSUMED_RATE = 0.8
"""The true positive rate at which it is told whether a rule about it can be decided."""


def undecidable(rule: Rule, table: Table, confidence: float, min_rows: int) -> list[str]:
    """Return, for each group that the rows cannot decide ``rule`` for, a sentence that says why.

    It is asked of a model that treats both groups alike: with the label's share of favourable outcomes
    for disparate impact, and a true positive rate of `ASSUMED_RATE` for equal opportunity.
    """
    attribute = next((a for a in table.attributes if a.name == rule.where.get("attribute")), None)
    if attribute is None or not isinstance(table.labels, Labels):
        return []
    favorable = np.isin(table.labels.codes, table.labels.favorable)
    within, rate = np.ones_like(favorable), float(favorable.mean())
    if rule.metric == "fairness.equal_opportunity_difference":
        within, rate = favorable, ASSUMED_RATE
    return list(_sentences(rule, attribute, within, rate, confidence, min_rows))


def _sentences(
    rule: Rule, attribute: Attribute, within: np.ndarray, rate: float, confidence: float, min_rows: int
) -> Iterator[str]:
    rows = np.bincount(attribute.codes[within], minlength=len(attribute.groups))
    privileged = int(rows[attribute.privileged].sum())
    for group in attribute.unprivileged:
        fewest = min(int(rows[group]), privileged)
        if fewest < min_rows:
            yield f"{attribute.groups[group]} ({fewest:,} rows, fewer than min_rows)"
        elif not _could_hold(rule, rate, int(rows[group]), privileged, confidence):
            yield f"{attribute.groups[group]} ({fewest:,} rows: too few even for equal rates of {rate:.2g})"


def _could_hold(rule: Rule, rate: float, unprivileged: int, privileged: int, confidence: float) -> bool:
    ratio = rule.metric == "fairness.disparate_impact"
    counts = {
        name: [rate * n, float(n)] for name, n in (("unprivileged", unprivileged), ("privileged", privileged))
    }
    best = Measurement(
        metric=rule.metric,
        value=1.0 if ratio else 0.0,
        n=unprivileged + privileged,
        method="mover-ratio" if ratio else "mover-difference",
        counts=counts,
    )
    return finding(best.value, interval(best, confidence), *rule.bounds) == "holds"
