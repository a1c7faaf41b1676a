"""Performance metrics of all groups of a partition at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.checks.performance.definitions import CALIBRATION_BINS
from audit.result import Measurement, Scalar
from audit.stats.group_estimates import Partition
from audit.stats.group_rates import Rates, rates
from audit.subject.predictions import LEAST_PROBABILITY, Classified, Regressed


@dataclass(frozen=True)
class Groups:
    """Rows in groups, and the ``where`` of each group (empty for the whole table)."""

    rows: Partition
    wheres: list[dict[str, Scalar]]

    def rates(self, event: np.ndarray, inner: np.ndarray | None = None, number: int = 1) -> list[Rates]:
        """Return the share of ``event`` in each group, for each of ``number`` inner classes of rows."""
        codes, part = self.rows.codes, self.rows
        nested = codes if inner is None else codes.astype(np.int64) * number + inner
        found = rates(event, nested, part.number * number, part.weights, part.clusters)
        return [found.every(number, start) for start in range(number)]


def classification(scores: Classified, groups: Groups) -> Iterator[Measurement]:
    """Yield size, accuracy, losses and calibration of each group."""
    correct = scores.code == scores.guess
    accuracy = groups.rates(correct)[0]
    yield from _sizes(accuracy.rows, groups)
    yield from _proportions("accuracy", accuracy, groups)
    yield from _balanced_accuracy(scores, groups.rates(correct, scores.code, len(scores.classes)), groups)
    worst = _worst_losses(scores)
    yield from _means("log_loss", scores.log_loss, groups, worst.get("log_loss"))
    yield from _means("brier", scores.brier, groups, worst.get("brier"))
    yield from _calibration(scores, groups)


def regression(scores: Regressed, groups: Groups) -> Iterator[Measurement]:
    """Yield size and errors of each group."""
    rows, error = groups.rows, scores.prediction - scores.target
    yield from _sizes(np.bincount(rows.codes, minlength=rows.number), groups)
    yield from _means("mae", np.abs(error), groups)
    square = error**2
    mse, spread = rows.mean(square), (scores.target - rows.mean(scores.target)[rows.codes]) ** 2
    variance = rows.mean(spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(mse)
        yield from _with_errors(
            "rmse", "root-mean-skewed", root, (square - mse[rows.codes]) / (2 * root[rows.codes]), groups
        )
        ratio = mse / variance
        influence = (ratio[rows.codes] * spread - square) / variance[rows.codes]
        yield from _with_errors("r2", "explained-variance", 1 - ratio, influence, groups)


def outcomes(scores: Classified | Regressed, groups: Groups) -> Iterator[Measurement]:
    """Yield selection, true positive and false positive rate of each group, where outcomes are known."""
    if scores.label is None or scores.predicted is None:
        return
    unfavorable, favorable = groups.rates(scores.predicted, scores.label, 2)
    yield from _proportions("selection_rate", groups.rates(scores.predicted)[0], groups)
    yield from _proportions("true_positive_rate", favorable, groups)
    yield from _proportions("false_positive_rate", unfavorable, groups)


def _sizes(rows: np.ndarray, groups: Groups) -> Iterator[Measurement]:
    for count, where in zip(rows, groups.wheres, strict=True):
        yield Measurement(
            metric="performance.rows", value=float(count), n=int(count), method="exact", where=where
        )


def _proportions(name: str, found: Rates, groups: Groups) -> Iterator[Measurement]:
    for group, where in enumerate(groups.wheres):
        yield Measurement(
            metric=f"performance.{name}",
            value=float(found.value[group]),
            n=int(found.rows[group]),
            method="clopper-pearson",
            counts={"rate": found.counts(group)},
            where=where,
        )


def _balanced_accuracy(scores: Classified, recall: list[Rates], groups: Groups) -> Iterator[Measurement]:
    """Yield the unweighted mean of the recalls of the classes that a group has."""
    for group, where in enumerate(groups.wheres):
        seen = {str(name): r for name, r in zip(scores.classes, recall, strict=True) if r.rows[group]}
        yield Measurement(
            metric="performance.balanced_accuracy",
            value=float(np.mean([r.value[group] for r in seen.values()])),
            n=int(sum(r.rows[group] for r in seen.values())),
            smallest_n=int(min(r.rows[group] for r in seen.values())),
            method="mover-mean",
            counts={name: r.counts(group) for name, r in seen.items()},
            where=where,
        )


def _calibration(scores: Classified, groups: Groups) -> Iterator[Measurement]:
    """Yield the expected calibration error over equal-width bins, with each bin's counts."""
    number = np.minimum((scores.favorable * CALIBRATION_BINS).astype(np.int32), CALIBRATION_BINS - 1)
    rows = groups.rows
    cells = Partition(
        rows.codes * CALIBRATION_BINS + number, rows.number * CALIBRATION_BINS, rows.weights, None
    )
    shape = rows.number, CALIBRATION_BINS
    total, positive, predicted = (
        cells.total(values).reshape(shape) for values in (None, scores.label, scores.favorable)
    )
    observed = groups.rates(scores.label)[0]
    names = [f"{b / CALIBRATION_BINS:g}-{(b + 1) / CALIBRATION_BINS:g}" for b in range(CALIBRATION_BINS)]
    for group, where in enumerate(groups.wheres):
        weight = total[group].sum()
        scale = observed.trials[group] / weight if weight else 0.0  # to the effective number of rows
        used = np.flatnonzero(total[group])
        gap = np.abs(positive[group] - predicted[group]).sum()
        yield Measurement(
            metric="performance.calibration_error",
            value=float(gap / weight) if weight else float("nan"),
            n=int(observed.rows[group]),
            method="calibration-bins",
            counts={
                names[b]: [float(scale * part[group, b]) for part in (positive, total, predicted)]
                for b in used
            },
            where=where,
        )


def _worst_losses(scores: Classified) -> dict[str, np.ndarray]:
    """Return by metric the loss of each row if its label were the worse of two; empty for several classes."""
    if len(scores.classes) != 2:
        return {}
    unlikely = np.minimum(scores.certainty, 1.0 - scores.certainty)
    return {"log_loss": -np.log(np.maximum(unlikely, LEAST_PROBABILITY)), "brier": (1.0 - unlikely) ** 2}


def _means(
    name: str, values: np.ndarray, groups: Groups, worst: np.ndarray | None = None
) -> Iterator[Measurement]:
    mean = groups.rows.mean(values)
    yield from _with_errors(name, "mean-skewed", mean, values - mean[groups.rows.codes], groups, worst)


def _with_errors(
    name: str, method: str, values: np.ndarray, influence: np.ndarray, groups: Groups,
    worst: np.ndarray | None = None,
) -> Iterator[Measurement]:  # fmt: skip
    """Yield values with what their intervals are made of: the rows' influences, and the worst that a row may be."""
    rows = np.bincount(groups.rows.codes, minlength=groups.rows.number)
    errors, skewness = groups.rows.moments(influence)
    effective = groups.rows.effective_rows()
    most = None if worst is None else groups.rows.largest(worst)
    for group, where in enumerate(groups.wheres):
        size, known = float(effective[group]), bool(np.isfinite(errors[group]))
        counts = {"rows": [size]}
        if known:
            counts["cubes"] = [float(skewness[group]) * size, size]
        if known and most is not None:
            counts["worst"] = [float(most[group]) * size, size]
        yield Measurement(
            metric=f"performance.{name}",
            value=float(values[group]),
            n=int(rows[group]),
            method=method,
            se=float(errors[group]) if known else None,
            counts=counts,
            where=where,
        )
