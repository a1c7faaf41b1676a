"""How good the predictions are: over all rows, and for every group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from audit.check import Check
from audit.checks.performance_metrics import CLASSIFICATION, DEFINITIONS, REGRESSION, Slice
from audit.result import Measurement, MetricFacts, Scalar
from audit.scores import Classified
from audit.subject import Subject


class Performance(Check):
    """Accuracy, ranking, calibration and rates of a classification; errors of a regression."""

    summary: ClassVar[str] = "How good the predictions are, over all rows and for every group"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS

    def measure(self, subject: Subject) -> Iterator[Measurement]:
        """Yield every metric for the whole table, then for each group of each attribute."""
        yield from _measure(subject, None, {})
        for attribute in subject.attributes:
            for index, group in enumerate(attribute.groups):
                rows = np.flatnonzero(attribute.codes == index)
                yield from _measure(subject, rows, {"attribute": attribute.name, "group": group})


def _measure(subject: Subject, rows: np.ndarray | None, where: dict[str, Scalar]) -> Iterator[Measurement]:
    part = Slice(subject, rows, where)
    metrics = CLASSIFICATION if isinstance(subject.scores, Classified) else REGRESSION
    for metric in metrics:
        yield from metric(part)
