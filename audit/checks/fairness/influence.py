"""Influence of each row on each fairness metric."""

from __future__ import annotations

import numpy as np

from audit.checks.fairness.metrics import COMPARISONS, RATES, theil_influence
from audit.result import Measurement
from audit.stats.influence import Influence, Shares, Trace
from audit.subject.subject import Subject


def fairness_trace(subject: Subject, measurement: Measurement) -> Trace | None:
    """Return the rows behind a measurement of the fairness check; None for an unknown metric."""
    name = measurement.metric.partition(".")[2]
    label = subject.scores.label
    predicted = subject.scores.predicted
    assert label is not None and predicted is not None  # or there was no measurement
    if name == "theil_index":
        return Influence(theil_influence(label, predicted))
    if name not in COMPARISONS:
        return None
    rates = COMPARISONS[name].rates
    sides = _sides(subject, measurement)
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


def _sides(subject: Subject, measurement: Measurement) -> dict[str, np.ndarray]:
    """Return which rows are of the unprivileged group and of the privileged ones, bool."""
    (attribute,) = (a for a in subject.attributes if a.name == measurement.where["attribute"])
    group = attribute.groups.index(str(measurement.where["unprivileged"]))
    return {
        "unprivileged": np.asarray(attribute.codes == group),
        "privileged": np.isin(attribute.codes, attribute.privileged),
    }
