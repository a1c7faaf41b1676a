"""Quality of the predictions: over all rows, and for every group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

import numpy as np

from audit.check import Check
from audit.checks.performance.definitions import DEFINITIONS
from audit.checks.performance.influence import performance_trace
from audit.checks.performance.metrics import Groups, classification, outcomes, regression
from audit.result import Measurement, MetricFacts, Scalar
from audit.stats.group_estimates import Partition
from audit.stats.influence import Traced
from audit.subject.predictions import Classified
from audit.subject.subject import Subject


class Performance(Check):
    """Accuracy, ranking, calibration and rates of a classification; errors of a regression."""

    summary: ClassVar[str] = "How good the predictions are, over all rows and for every group"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS

    def measure(self, subject: Subject) -> Iterator[Traced]:
        """Yield every metric for the whole table, then for each group of each attribute."""
        for measurement in _measurements(subject):
            yield Traced(measurement, partial(performance_trace, subject, measurement))


def _measurements(subject: Subject) -> Iterator[Measurement]:
    scores = subject.scores
    measurements: Callable[[Groups], Iterator[Measurement]]
    if isinstance(scores, Classified):
        measurements = partial(classification, scores, np.argsort(scores.favorable))
    else:
        measurements = partial(regression, scores)
    for groups in _partitions(subject):
        yield from measurements(groups)
        yield from outcomes(scores, groups)


def _partitions(subject: Subject) -> Iterator[Groups]:
    """Yield the whole table as one group, then the groups of each attribute."""

    def groups(codes: np.ndarray, wheres: list[dict[str, Scalar]]) -> Groups:
        return Groups(Partition(codes, len(wheres), subject.weights, subject.clusters), wheres)

    yield groups(np.zeros(subject.rows, np.int64), [{}])
    for attribute in subject.attributes:
        yield groups(
            attribute.codes, [{"attribute": attribute.name, "group": name} for name in attribute.groups]
        )
