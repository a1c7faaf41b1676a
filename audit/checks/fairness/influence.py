"""Which rows move each fairness metric, and how."""

from __future__ import annotations

import numpy as np

from audit.checks.fairness.metrics import COMPARISONS, RATES
from audit.checks.fairness.theil import theil_influence
from audit.result import Measurement
from audit.stats.influence import Influence, Shares, Trace
from audit.subject.subject import Subject


def fairness_trace(subject: Subject, found: Measurement) -> Trace | None:
    """Return where a measurement of the fairness check comes from; None for one that is not known here."""
    name = found.metric.partition(".")[2]
    label, predicted = subject.scores.label, subject.scores.predicted
    assert label is not None and predicted is not None  # or there was no measurement
    if name == "theil_index":
        return Influence(theil_influence(label, predicted))
    if name not in COMPARISONS:
        return None
    rates = COMPARISONS[name].rates
    sides = _sides(subject, found)
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


def _sides(subject: Subject, found: Measurement) -> dict[str, np.ndarray]:
    """Return which rows are of the unprivileged group and of the privileged ones, bool."""
    (attribute,) = (a for a in subject.attributes if a.name == found.where["attribute"])
    group = attribute.groups.index(str(found.where["unprivileged"]))
    return {
        "unprivileged": np.asarray(attribute.codes == group),
        "privileged": np.isin(attribute.codes, attribute.privileged),
    }
