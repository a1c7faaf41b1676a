"""The performance metrics: what each measures on a slice of the rows, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audit.estimates import auc, effective_size, mean, standard_error
from audit.rates import Rates, rates
from audit.result import Measurement, MetricFacts, Scalar
from audit.scores import Classified, Regressed
from audit.subject import Subject

CALIBRATION_BINS = 10
_LOG_FLOOR = 1e-15  # the probability that log loss takes for an impossible true class


@dataclass(frozen=True)
class Slice:
    """Some of the subject's rows (None for all), and the ``where`` that names them."""

    subject: Subject
    index: np.ndarray | None
    where: dict[str, Scalar]

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return the slice's rows of an array with one entry a row."""
        return values if self.index is None else values[self.index]

    @cached_property
    def weights(self) -> np.ndarray | None:
        """The slice's weights."""
        return None if self.subject.weights is None else self.of(self.subject.weights)

    @cached_property
    def clusters(self) -> np.ndarray | None:
        """The slice's cluster codes."""
        return None if self.subject.clusters is None else self.of(self.subject.clusters)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.subject.rows if self.index is None else len(self.index)

    def rates(self, event: np.ndarray, groups: np.ndarray | None = None, number: int = 1) -> Rates:
        """Count events (one entry a row of the slice) within ``groups``, or over the slice."""
        codes = np.zeros(self.rows, np.int32) if groups is None else groups
        return rates(event, codes, number, self.weights, self.clusters)


Metric = Callable[[Slice], Iterator[Measurement]]


def _rows(part: Slice) -> Iterator[Measurement]:
    yield Measurement(
        metric="performance.rows", value=float(part.rows), n=part.rows, method="exact", where=part.where
    )


def _accuracy(part: Slice) -> Iterator[Measurement]:
    scores = _classified(part)
    correct = part.of(scores.code) == part.of(scores.guess)
    yield _proportion("accuracy", part, part.rates(correct), 0)
    recall = part.rates(correct, part.of(scores.code), len(scores.classes))
    seen = [index for index in range(len(scores.classes)) if recall.rows[index]]
    yield Measurement(
        metric="performance.balanced_accuracy",
        value=float(np.mean(recall.value[seen])),
        n=part.rows,
        smallest_n=int(min(recall.rows[seen])),
        method="mover-mean",
        counts={str(scores.classes[index]): recall.counts(index) for index in seen},
        where=part.where,
    )


def _auc(part: Slice) -> Iterator[Measurement]:
    scores = _classified(part)
    label = part.of(scores.label)
    positive = int(label.sum())
    value, se = auc(label, part.of(scores.favorable), part.weights, part.clusters)
    sizes = part.rates(np.ones(part.rows), label.astype(np.int32), 2).trials
    yield Measurement(
        metric="performance.auc",
        value=value,
        n=part.rows,
        smallest_n=min(positive, part.rows - positive),
        method="delong" if np.isfinite(value) else "none",
        se=se if np.isfinite(se) else None,
        counts={"favorable": [float(sizes[1])], "unfavorable": [float(sizes[0])]},
        where=part.where,
    )


def _losses(part: Slice) -> Iterator[Measurement]:
    scores = _classified(part)
    yield _mean("log_loss", part, -np.log(np.maximum(part.of(scores.certainty), _LOG_FLOOR)))
    yield _mean("brier", part, part.of(scores.brier))


def _calibration(part: Slice) -> Iterator[Measurement]:
    scores = _classified(part)
    favorable, label = part.of(scores.favorable), part.of(scores.label)
    weights = np.ones(part.rows) if part.weights is None else part.weights
    number = np.minimum((favorable * CALIBRATION_BINS).astype(np.int32), CALIBRATION_BINS - 1)
    total, positive, predicted = (
        np.bincount(number, weights * factor, CALIBRATION_BINS) for factor in (1.0, label, favorable)
    )
    scale = part.rates(label).trials[0] / weights.sum()  # to the effective number of rows
    edges = np.arange(CALIBRATION_BINS + 1) / CALIBRATION_BINS
    counts = {
        f"{edges[b]:g}-{edges[b + 1]:g}": [float(scale * v) for v in (positive[b], total[b], predicted[b])]
        for b in np.flatnonzero(total)
    }
    yield Measurement(
        metric="performance.calibration_error",
        value=float(np.abs(positive - predicted).sum() / total.sum()),
        n=part.rows,
        method="calibration-bins",
        counts=counts,
        where=part.where,
    )


def _outcome_rates(part: Slice) -> Iterator[Measurement]:
    scores = part.subject.scores
    if scores.label is None or scores.predicted is None:
        return
    label, predicted = part.of(scores.label), part.of(scores.predicted)
    by_label = part.rates(predicted, label.astype(np.int32), 2)
    yield _proportion("selection_rate", part, part.rates(predicted), 0)
    yield _proportion("true_positive_rate", part, by_label, 1)
    yield _proportion("false_positive_rate", part, by_label, 0)


def _errors(part: Slice) -> Iterator[Measurement]:
    scores = part.subject.scores
    assert isinstance(scores, Regressed)
    target, prediction = part.of(scores.target), part.of(scores.prediction)
    error = prediction - target
    yield _mean("mae", part, np.abs(error))
    square = error**2
    mse, se = mean(square, part.weights, part.clusters)
    yield _with_error("rmse", part, np.sqrt(mse), se / (2 * np.sqrt(mse)) if mse else np.nan)
    center, _ = mean(target, part.weights, part.clusters)
    spread = (target - center) ** 2
    variance, _ = mean(spread, part.weights, part.clusters)
    if variance:
        influence = (mse * spread / variance - square) / variance
        yield _with_error(
            "r2", part, 1 - mse / variance, standard_error(influence, part.weights, part.clusters)
        )


CLASSIFICATION: list[Metric] = [_rows, _accuracy, _auc, _losses, _calibration, _outcome_rates]
REGRESSION: list[Metric] = [_rows, _errors, _outcome_rates]


def _classified(part: Slice) -> Classified:
    scores = part.subject.scores
    assert isinstance(scores, Classified)
    return scores


def _proportion(name: str, part: Slice, found: Rates, group: int) -> Measurement:
    return Measurement(
        metric=f"performance.{name}",
        value=float(found.value[group]),
        n=int(found.rows[group]),
        method="clopper-pearson",
        counts={"rate": found.counts(group)},
        where=part.where,
    )


def _mean(name: str, part: Slice, values: np.ndarray) -> Measurement:
    return _with_error(name, part, *mean(values, part.weights, part.clusters))


def _with_error(name: str, part: Slice, value: float, se: float) -> Measurement:
    return Measurement(
        metric=f"performance.{name}",
        value=float(value),
        n=part.rows,
        method="mean-t",
        se=float(se) if np.isfinite(se) else None,
        counts={"rows": [effective_size(part.rows, part.weights, part.clusters)]},
        where=part.where,
    )


def _share(about: str, ideal: float | None = None) -> MetricFacts:
    return MetricFacts(about=about, low=0, high=1, ideal=ideal)


DEFINITIONS: dict[str, MetricFacts] = {
    "rows": MetricFacts(about="Number of rows.", low=0),
    "accuracy": _share("Share of rows whose predicted label is the true one. Higher is better.", 1),
    "balanced_accuracy": _share(
        "Mean over the label values of the share predicted right. Higher is better.", 1
    ),
    "auc": _share(
        "Chance that a row with a favourable label scores above one with an unfavourable label. "
        "0.5 is chance level, 1 a perfect ranking.",
        1,
    ),
    "log_loss": MetricFacts(about="Mean of -ln P(true label). Lower is better.", low=0, ideal=0),
    "brier": MetricFacts(about="Mean squared error of the probabilities. Lower is better.", low=0, ideal=0),
    "calibration_error": _share(
        f"Mean distance between predicted and observed share of favourable labels over {CALIBRATION_BINS} "
        "equal-width bins of P(favourable). 0 means that they agree in every bin.",
        0,
    ),
    "selection_rate": _share("Share of rows predicted favourable."),
    "true_positive_rate": _share("Share predicted favourable among rows whose label is favourable.", 1),
    "false_positive_rate": _share("Share predicted favourable among rows whose label is unfavourable.", 0),
    "mae": MetricFacts(about="Mean absolute error, in the label's unit. Lower is better.", low=0, ideal=0),
    "rmse": MetricFacts(
        about="Root of the mean squared error, in the label's unit. Lower is better.", low=0, ideal=0
    ),
    "r2": MetricFacts(
        about="Share of the label's variance that the predictions explain; 1 is all.", high=1, ideal=1
    ),
}
