"""Quality of the predictions: over all rows, and for every group."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import ClassVar

import numpy as np

from audit.check import Check
from audit.checks.performance.definitions import CALIBRATION_BINS, DEFINITIONS
from audit.checks.performance.macro_auc import macro_auc
from audit.checks.performance.metrics import Groups, classification, outcomes, regression
from audit.checks.performance.score_tables import score_tables
from audit.data.protected_attributes import Attribute
from audit.result import Measurement, MetricFacts, Note, Scalar, Table, Unasked
from audit.result.small_groups import pool_name, pools
from audit.stats.group_estimates import Partition
from audit.stats.influence import Influence, Shares, Trace, Traced
from audit.stats.permuted_decisions import DecisionTotals
from audit.subject.predictions import Classified, Regressed
from audit.subject.preview import Preview
from audit.subject.subject import Subject
from audit.subject.unasked_intersections import unasked_intersections, unmeasured_intersections

Where = dict[str, Scalar]


class Performance(Check):
    """Accuracy, ranking, calibration and rates of a classification; errors of a regression."""

    summary: ClassVar[str] = "How accurate the predictions are, over all rows and for every group"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS
    where_keys: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(DEFINITIONS, ("attribute", "group"))
    example: ClassVar[str] = "{metric: performance.accuracy, at_least: 0.8}"
    label_free: ClassVar[frozenset[str]] = frozenset({"rows", "selection_rate"})

    def planned_evaluations(self, _: Preview) -> tuple[float, float]:
        """Return 0: all rows are scored already."""
        return 0.0, 0.0

    def measure(self, subject: Subject) -> Iterator[Traced | Table | Note | Unasked]:
        """Yield every metric for the whole table, then by group; then the tables of scores."""
        for measurement in chain(_whole_table(subject), *(_by_group(subject, a) for a in subject.attributes)):
            yield Traced(measurement, partial(performance_trace, subject, measurement))
        for pair in unasked_intersections(subject, "performance"):
            for measurement in _of_groups(subject, pair.attribute):
                if measurement.metric in pair.metrics:
                    yield Unasked(measurement=measurement)
        yield from unmeasured_intersections(subject, "performance")
        if isinstance(subject.scores, Classified) and subject.scores.outcomes:
            subject.scores.outcomes.forget_order()  # no other check ranks all rows
        if subject.tables:
            yield from score_tables(subject)


def _whole_table(subject: Subject) -> Iterator[Measurement]:
    everyone = Partition.whole(subject.rows, subject.weights, subject.clusters)
    yield from _measured(subject, subject.scores, Groups(everyone, [{}]))


def _by_group(subject: Subject, attribute: Attribute) -> Iterator[Measurement]:
    """Yield the metrics of each group; then of all together that are small in a metric's denominator."""
    groups = list(_of_groups(subject, attribute))
    yield from groups
    for members, metrics in pools(groups, subject.policy.gate.min_rows).items():
        rows = attribute.rows_of(members)
        where: Where = {"attribute": attribute.name, "group": pool_name(attribute.groups)}
        pool = _measured(subject, subject.scores.take(rows), _pool(subject, rows, where, list(members)))
        yield from (measurement for measurement in pool if measurement.metric in metrics)


def _of_groups(subject: Subject, attribute: Attribute) -> Iterator[Measurement]:
    partition = Partition(attribute.codes, len(attribute.groups), subject.weights, subject.clusters)
    wheres: list[Where] = [{"attribute": attribute.name, "group": group} for group in attribute.groups]
    yield from _measured(subject, subject.scores, Groups(partition, wheres))


def _pool(subject: Subject, rows: np.ndarray, where: Where, members: list[str]) -> Groups:
    weights, clusters = (None if part is None else part[rows] for part in (subject.weights, subject.clusters))
    return Groups(Partition.whole(int(rows.sum()), weights, clusters), [where], members)


def _measured(subject: Subject, scores: Classified | Regressed, groups: Groups) -> Iterator[Measurement]:
    """Yield the metrics of all groups; ``scores`` are those of the rows in ``groups``."""
    if isinstance(scores, Classified):
        yield from classification(scores, groups)
    else:
        yield from regression(scores, groups)
    predicted = subject.scores.predicted if subject.scores.has_outcomes else None
    decisions = None if predicted is None else DecisionTotals.of(predicted, subject.weights)
    yield from outcomes(scores, groups, decisions)


def performance_trace(subject: Subject, measurement: Measurement) -> Trace | None:
    """Return the rows behind a measurement of the performance check; None for the number of rows."""
    name = measurement.metric.partition(".")[2]
    scores = subject.scores
    rows = _rows(subject, measurement)
    if (share := _share(name, scores, rows, measurement)) is not None:
        return share
    weights = np.ones(subject.rows) if subject.weights is None else subject.weights
    by_name = _CLASSIFIED if isinstance(scores, Classified) else _REGRESSED
    if name not in by_name:
        return None
    values = np.zeros(subject.rows)
    values[rows] = weights[rows] * by_name[name](scores, rows, weights[rows])
    return Influence(values)


def _rows(subject: Subject, measurement: Measurement) -> np.ndarray:
    """Return the rows of the measured group, bool."""
    if not measurement.where:
        return np.ones(subject.rows, bool)
    (attribute,) = (a for a in subject.attributes if a.name == measurement.where["attribute"])
    return attribute.rows_of(measurement.members or [str(measurement.where["group"])])


def _share(
    name: str, scores: Classified | Regressed, rows: np.ndarray, measurement: Measurement
) -> Shares | None:
    label, predicted = (scores.label, scores.predicted) if scores.has_outcomes else (None, None)
    if label is not None and predicted is not None:
        within = {
            "selection_rate": rows,
            "true_positive_rate": rows & label,
            "false_positive_rate": rows & ~label,
        }
        if name in within:
            return Shares({"rate": (within[name], predicted)})
    if name == "accuracy" and isinstance(scores, Classified):
        return Shares({"rate": (rows, scores.code == scores.guess)})
    if name == "balanced_accuracy" and isinstance(scores, Classified):
        classes = enumerate(map(str, scores.classes))
        return Shares(
            {
                value: (rows & (scores.code == place), scores.guess == place)
                for place, value in classes
                if value in measurement.counts
            }
        )
    return None


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted mean; NaN where nothing has weight, as in a class that a thin group lacks."""
    return float(np.average(values, weights=weights)) if weights.any() else float("nan")


def _centred(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.asarray(values - _mean(values, weights))


def _auc(scores: Classified, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return DeLong's placement values: the share of the other side that each row is above (or below), ties half."""
    label = scores.label[rows]
    _, place = np.unique(scores.favorable[rows], return_inverse=True)
    influence = np.zeros(len(label))
    for side, sign in ((label, 1.0), (~label, -1.0)):
        others = np.bincount(place, weights * ~side)
        below = (np.cumsum(others) - others / 2.0) / others.sum()
        influence[side] = sign * _centred(below[place[side]], weights[side]) / weights[side].sum()
    return influence


def _calibration(scores: Classified, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return each row's gap in the direction of its bin's."""
    score = scores.favorable[rows]
    number = np.minimum((score * CALIBRATION_BINS).astype(np.int32), CALIBRATION_BINS - 1)
    gap = scores.label[rows] - score
    signs = np.sign(np.bincount(number, weights * gap, CALIBRATION_BINS))
    return _centred(signs[number] * gap, weights)


def _r2(scores: Regressed, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    square = _error(scores, rows) ** 2
    spread = _centred(scores.target[rows], weights) ** 2
    ratio = np.divide(_mean(square, weights), _mean(spread, weights))
    return np.asarray(ratio * spread - square)


def _rmse(scores: Regressed, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    square = _error(scores, rows) ** 2
    return np.asarray(_centred(square, weights) / np.sqrt(_mean(square, weights)))


def _error(scores: Regressed, rows: np.ndarray) -> np.ndarray:
    return np.asarray(scores.prediction[rows] - scores.target[rows])


def _macro_auc(scores: Classified, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    assert scores.probabilities is not None  # or it was not measured
    return macro_auc(scores.code[rows], scores.probabilities[rows], weights).influence


_CLASSIFIED: dict[str, Callable[..., np.ndarray]] = {
    "log_loss": lambda scores, rows, weights: _centred(scores.log_loss[rows], weights),
    "brier": lambda scores, rows, weights: _centred(scores.brier[rows], weights),
    "auc": _auc,
    "macro_auc": _macro_auc,
    "calibration_error": _calibration,
}
_REGRESSED: dict[str, Callable[..., np.ndarray]] = {
    "mae": lambda scores, rows, weights: _centred(np.abs(_error(scores, rows)), weights),
    "rmse": _rmse,
    "r2": _r2,
}
