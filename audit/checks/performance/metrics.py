"""Performance metrics of all groups of a partition at once."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from audit.checks.performance.definitions import CALIBRATION_BINS
from audit.checks.performance.macro_auc import macro_auc
from audit.result import Measurement, Scalar
from audit.stats.group_aucs import aucs
from audit.stats.group_estimates import Partition
from audit.stats.group_rates import Rates, rates_by_class
from audit.stats.joint_variance import ClusteredRows, Errors, implied_variance, share_left
from audit.stats.permuted_decisions import DecisionTotals
from audit.stats.row_blocks import RowValues, code_counts, nested, nested_counts, values_of
from audit.subject.predictions import LEAST_PROBABILITY, Classified, Regressed


@dataclass(frozen=True)
class Groups:
    """Rows in groups, and the ``where`` of each group (empty for the whole table); ``members`` of a single pool."""

    rows: Partition
    wheres: list[dict[str, Scalar]]
    members: list[str] = field(default_factory=list)

    def rates(self, event: np.ndarray, inner: np.ndarray | None = None, number: int = 1) -> list[Rates]:
        """Return the share of ``event`` in each group, for each of ``number`` inner classes of rows."""
        codes = self.rows.codes if inner is None else nested(self.rows.codes, inner, self.rows.number, number)
        groups = self.rows.number * number
        by_class = rates_by_class(event, codes, groups, number, self.rows.weights, self.rows.clusters)
        return [by_class.every(number, start) for start in range(number)]

    def measurement(
        self, name: str, group: int, value: float, rows: int, method: str, **details: Any
    ) -> Measurement:
        """Return the measurement of a metric in one group of ``rows`` rows."""
        details |= {"metric": f"performance.{name}", "where": self.wheres[group], "members": self.members}
        return Measurement(value=float(value), n=int(rows), method=method, **details)


def classification(scores: Classified, groups: Groups) -> Iterator[Measurement]:
    """Yield size, accuracy, losses, calibration and AUC of each group; the last two of a favourable outcome only."""
    correct = scores.code == scores.guess
    accuracy = groups.rates(correct)[0]
    yield from _sizes(accuracy.rows, groups)
    yield from _proportions("accuracy", accuracy, groups)
    recalls = groups.rates(correct, scores.code, len(scores.classes))
    yield from _balanced_accuracy(scores, _together(recalls, correct, scores.code, groups), groups)
    worst = _worst_losses(scores, groups.rows)
    yield from _means("log_loss", lambda block: scores.take(block).log_loss, groups, worst.get("log_loss"))
    yield from _means("brier", lambda block: scores.take(block).brier, groups, worst.get("brier"))
    yield from _macro_auc(scores, groups)
    if scores.has_outcomes:
        yield from _calibration(scores, groups)
        yield from _aucs(scores, groups)


def _aucs(scores: Classified, groups: Groups) -> Iterator[Measurement]:
    rows = groups.rows
    outcomes_of_rows = scores.known_outcomes
    values, errors = aucs(scores.label, outcomes_of_rows.favorable, rows, outcomes_of_rows.rising)
    numbers = nested_counts(rows.codes, scores.label, rows.number, 2)
    codes = nested(rows.codes, scores.label, rows.number, 2)
    sides = Partition(codes, rows.number * 2, rows.weights, rows.clusters)
    sizes = sides.effective_rows().reshape(-1, 2).tolist()
    finite = np.isfinite(errors)
    for group, (value, se) in enumerate(zip(values.tolist(), errors.tolist(), strict=True)):
        known = math.isfinite(value)
        unfavorable, favorable = sizes[group]
        yield groups.measurement(
            "auc", group, value, numbers[group].sum(), "delong" if known else "none",
            smallest_n=int(numbers[group].min()),
            se=se if finite[group] else None,
            counts={"unfavorable": [unfavorable], "favorable": [favorable]} if known else {},
        )  # fmt: skip


def regression(scores: Regressed, groups: Groups) -> Iterator[Measurement]:
    """Yield size and errors of each group."""
    codes = groups.rows.codes
    error = scores.prediction - scores.target
    yield from _sizes(code_counts(codes, groups.rows.number), groups)
    yield from _means("mae", np.abs(error), groups)
    square = error**2
    mse = groups.rows.mean(square)
    spread = (scores.target - groups.rows.mean(scores.target)[codes]) ** 2
    variance = groups.rows.mean(spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(mse)
        influence = (square - mse[codes]) / (2 * root[codes])
        yield from _with_errors("rmse", "root-mean-skewed", root, influence, groups)
        ratio = mse / variance
        influence = (ratio[codes] * spread - square) / variance[codes]
        yield from _with_errors("r2", "explained-variance", 1 - ratio, influence, groups)


def outcomes(
    scores: Classified | Regressed, groups: Groups, decisions: DecisionTotals | None
) -> Iterator[Measurement]:
    """Yield selection, true positive and false positive rate of each group, where outcomes are known.

    ``decisions`` are those on all rows of the data.
    """
    if not scores.has_outcomes or scores.label is None or scores.predicted is None or decisions is None:
        return
    unfavorable, favorable = groups.rates(scores.predicted, scores.label, 2)
    rows = groups.rows.total()
    rows_favorable = groups.rows.total(scores.label)
    # of the whole table the selection rate is what the decisions are, however they are distributed
    selected = decisions if all(groups.wheres) else None
    yield from _shares("selection_rate", groups.rates(scores.predicted)[0], groups, rows, selected)
    yield from _shares("true_positive_rate", favorable, groups, rows_favorable, decisions)
    yield from _shares("false_positive_rate", unfavorable, groups, rows - rows_favorable, decisions)


def _shares(
    name: str, rates: Rates, groups: Groups, weights: np.ndarray, decisions: DecisionTotals | None
) -> Iterator[Measurement]:
    """Yield shares of favourable decisions, with their range if these decisions fell on other rows."""
    for measurement, weight in zip(_proportions(name, rates, groups), weights.tolist(), strict=True):
        permuted = decisions.share_range(weight) if decisions else None
        yield replace(measurement, permuted_range=permuted)


def _sizes(rows: np.ndarray, groups: Groups) -> Iterator[Measurement]:
    for group, count in enumerate(rows):
        yield groups.measurement("rows", group, count, count, "exact")


def _proportions(name: str, rates: Rates, groups: Groups) -> Iterator[Measurement]:
    for group in range(groups.rows.number):
        counts = {"rate": rates.counts(group)}
        value = rates.value[group]
        yield groups.measurement(name, group, value, rates.rows[group], "clopper-pearson", counts=counts)


def _balanced_accuracy(scores: Classified, recalls: list[Rates], groups: Groups) -> Iterator[Measurement]:
    """Yield the unweighted mean of the recalls of the classes that a group has."""
    names = list(map(str, scores.classes))
    for group in range(groups.rows.number):
        present = {name: r for name, r in zip(names, recalls, strict=True) if r.rows[group]}
        value = float(np.mean([r.value[group] for r in present.values()]))
        rows = [int(r.rows[group]) for r in present.values()]
        counts = {name: r.counts(group) for name, r in present.items()}
        details = {"smallest_n": min(rows), "counts": counts}
        yield groups.measurement("balanced_accuracy", group, value, sum(rows), "mover-mean", **details)


def _together(recalls: list[Rates], correct: np.ndarray, code: np.ndarray, groups: Groups) -> list[Rates]:
    """Return the recalls with the trials that are left where the classes' errors go together in clusters."""
    if groups.rows.clusters is None:
        return recalls
    number = len(recalls)
    codes = groups.rows.codes.astype(np.int64) * number + code
    rows = ClusteredRows(codes, groups.rows.number * number, groups.rows.weights, groups.rows.clusters)
    errors = rows.errors(correct, np.ones_like(correct))
    implied = np.sum([implied_variance(recall) for recall in recalls], axis=0)
    left = share_left(implied, Errors(rows.owner // number, rows.cluster, errors))
    return [recall.of_trials(left) for recall in recalls]


def _calibration(scores: Classified, groups: Groups) -> Iterator[Measurement]:
    """Yield the expected calibration error over equal-width bins, with each bin's counts."""
    bins = CALIBRATION_BINS
    rows = groups.rows

    def bin_of(block: slice) -> np.ndarray:
        return np.minimum((scores.take(block).favorable * bins).astype(np.int32), bins - 1)

    cells = Partition(nested(rows.codes, bin_of, rows.number, bins), rows.number * bins, rows.weights, None)
    total, positive, predicted = (
        cells.total(values).reshape(rows.number, bins)
        for values in (None, scores.label, lambda block: scores.take(block).favorable)
    )
    observed = groups.rates(scores.label)[0]
    for group in range(rows.number):
        weight = total[group].sum()
        scale = observed.trials[group] / weight if weight else 0.0  # to the effective number of rows
        gap = np.abs(positive[group] - predicted[group]).sum()
        counts = {
            f"{b / bins:g}-{(b + 1) / bins:g}": [
                float(scale * part[group, b]) for part in (positive, total, predicted)
            ]
            for b in np.flatnonzero(total[group])
        }
        value = gap / weight if weight else float("nan")
        n = observed.rows[group]
        yield groups.measurement("calibration_error", group, value, n, "calibration-bins", counts=counts)


def _macro_auc(scores: Classified, groups: Groups) -> Iterator[Measurement]:
    """Yield the mean one-vs-rest AUC of several classes; ``counts`` are the rarest class's rows and all others'."""
    if scores.probabilities is None:
        return
    rows = groups.rows
    weights = np.ones(len(rows.codes)) if rows.weights is None else rows.weights
    influence = np.zeros(len(rows.codes))
    values = []
    for group in range(rows.number):
        inside = np.flatnonzero(rows.codes == group)
        area = macro_auc(scores.code[inside], scores.probabilities[inside], weights[inside])
        influence[inside] = area.influence
        values.append(area.value)
    errors = rows.standard_error(influence)
    classes = len(scores.classes)
    codes = nested(rows.codes, scores.code, rows.number, classes)
    of_classes = Partition(codes, rows.number * classes, rows.weights, rows.clusters)
    sizes = np.nan_to_num(of_classes.effective_rows()).reshape(rows.number, classes)
    numbers = code_counts(codes, of_classes.number).reshape(rows.number, classes)
    for group, value in enumerate(values):
        known = bool(np.isfinite(value))
        present = numbers[group] > 0
        rarest = float(sizes[group][present].min())
        counts = {"favorable": [rarest], "unfavorable": [float(sizes[group].sum()) - rarest]}
        details = {
            "smallest_n": int(numbers[group][present].min()),
            "se": float(errors[group]) if np.isfinite(errors[group]) else None,
            "counts": counts if known else {},
        }
        n = int(numbers[group].sum())
        yield groups.measurement("macro_auc", group, value, n, "delong" if known else "none", **details)


def _worst_losses(scores: Classified, rows: Partition) -> dict[str, np.ndarray]:
    """Return by metric each group's greatest loss if any label were the worse of two; empty for several classes."""
    if len(scores.classes) != 2:
        return {}

    def unlikely(block: slice) -> np.ndarray:
        certainty = scores.take(block).certainty
        return np.asarray(np.minimum(certainty, 1.0 - certainty))

    lowest = rows.smallest(unlikely)
    return {"log_loss": -np.log(np.maximum(lowest, LEAST_PROBABILITY)), "brier": (1.0 - lowest) ** 2}


def _means(
    name: str, values: RowValues, groups: Groups, worst: np.ndarray | None = None
) -> Iterator[Measurement]:
    mean = groups.rows.mean(values)

    def influence(block: slice) -> np.ndarray:
        return np.asarray(values_of(values, block) - mean[groups.rows.codes[block]])

    yield from _with_errors(name, "mean-skewed", mean, influence, groups, worst)


def _with_errors(
    name: str, method: str, values: np.ndarray, influence: RowValues, groups: Groups,
    worst: np.ndarray | None = None,
) -> Iterator[Measurement]:  # fmt: skip
    """Yield values with the statistics of their intervals: of the rows' influences, and of the worst losses."""
    rows = code_counts(groups.rows.codes, groups.rows.number)
    errors, skewness = groups.rows.moments(influence)
    effective_rows = groups.rows.effective_rows()
    for group, value in enumerate(values):
        effective = float(effective_rows[group])
        counts = {"rows": [effective]}
        se = None
        if np.isfinite(errors[group]):
            se = float(errors[group])
            counts["cubes"] = [float(skewness[group]) * effective, effective]
            if worst is not None:
                counts["worst"] = [float(worst[group]) * effective, effective]
        yield groups.measurement(name, group, value, rows[group], method, se=se, counts=counts)
