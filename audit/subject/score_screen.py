"""Screening of scores: predictions that say nothing of the rows, as of data that are not prepared as in training."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from audit.stats.effective_size import divided
from audit.stats.group_aucs import aucs
from audit.stats.group_estimates import Partition
from audit.subject.predictions import LEAST_PROBABILITY, Classified, Regressed
from audit.subject.target_outliers import outlier_warnings

_STANDARD_ERRORS = 1.96  # of a two-sided 95 % interval


def score_warnings(
    scores: Classified | Regressed, weights: np.ndarray | None, clusters: np.ndarray | None
) -> list[str]:
    """Return a warning if the scores of all rows are uninformative, with each sign of it, and one of a R² of few rows.

    Args:
        scores: predictions and labels of all rows.
        weights: row weights, or None.
        clusters: cluster codes, or None for independent rows.
    """
    if isinstance(scores, Regressed):
        signs = list(_regression(scores))
        further = list(outlier_warnings(scores, weights))
    else:
        signs = list(_classes(scores, weights, clusters))
        further = []
    if not signs:
        return further
    question = "Is the data prepared as in training (same scaling, encoding and column order)?"
    return [f"the scores say little about these rows: {'; '.join(signs)}. {question}", *further]


def _regression(scores: Regressed) -> Iterator[str]:
    prediction = scores.prediction
    if prediction.min() == prediction.max():
        yield f"every row has the prediction {prediction[0]:.4g}"
    elif np.square(prediction - scores.target).sum() >= np.square(scores.target - scores.target.mean()).sum():
        yield "predicting the mean label would be no worse (R² is not above 0)"


def _classes(scores: Classified, weights: np.ndarray | None, clusters: np.ndarray | None) -> Iterator[str]:
    rows = Partition.whole(len(scores.code), weights, clusters)
    score = scores.score if scores.outcomes is None else scores.outcomes.favorable
    if score.min() == score.max():
        yield f"every row has the score {score[0]:.4g}"
    if scores.has_outcomes and (scores.predicted.all() or not scores.predicted.any()):
        yield f"{'every' if scores.predicted[0] else 'no'} row is predicted favourable"
    elif len(scores.classes) > 2 and (scores.guess == scores.guess[0]).all():
        yield f"every row is predicted {scores.classes[scores.guess[0]]!r}"
    elif scores.has_outcomes:
        yield from _decisions_of_chance(scores, rows)
    if scores.has_outcomes:
        yield from _auc_of_chance(scores, rows)
    if len(scores.classes) > 2:
        yield from _no_better_than_frequencies(scores, rows)


def _auc_of_chance(scores: Classified, rows: Partition) -> Iterator[str]:
    outcomes = scores.known_outcomes
    (value,), (error,) = aucs(outcomes.label, outcomes.favorable, rows, outcomes.rising)
    if abs(value - 0.5) <= _STANDARD_ERRORS * error:
        yield f"the AUC of {value:.3f} is within its error of 0.5, chance level"
    elif value < 0.5:
        yield f"the AUC of {value:.3f} is below 0.5, chance level, by more than its error"


def _decisions_of_chance(scores: Classified, rows: Partition) -> Iterator[str]:
    """Yield a sign if the true positive rate is not clearly above the false positive rate (Youden's index)."""
    favorable = _Rate.of(rows, scores.label, scores.predicted)
    other = _Rate.of(rows, ~scores.label, scores.predicted)
    error = rows.standard_error(lambda block: favorable.influence(block) - other.influence(block))[0]
    if favorable.value - other.value <= _STANDARD_ERRORS * error:
        yield (
            f"{favorable.value:.1%} of the favourable labels and {other.value:.1%} of the others are predicted "
            "favourable, a difference that is not above its error"
        )


class _Rate(NamedTuple):
    """The mean of ``values`` over the rows of one ``side`` (both bool), which has a ``share`` of the rows."""

    value: float
    share: float
    side: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, rows: Partition, side: np.ndarray, values: np.ndarray) -> "_Rate":
        share = rows.mean(lambda block: side[block].astype(float))
        mean = rows.mean(lambda block: side[block] * values[block].astype(float))
        return cls(float(divided(mean, share)[0]), float(share[0]), side, values)

    def influence(self, block: slice) -> np.ndarray:
        """Return the influence of each row of a block."""
        deviation = self.values[block].astype(float) - self.value
        return divided(self.side[block] * deviation, np.array(self.share))


def _no_better_than_frequencies(scores: Classified, rows: Partition) -> Iterator[str]:
    """Yield signs that the frequencies of the classes alone predict as well, by accuracy and by log loss."""
    classes = range(len(scores.classes))
    frequencies = np.array([rows.mean((scores.code == code).astype(float))[0] for code in classes])
    right = (scores.guess == scores.code).astype(float)
    gain, error = _mean(rows, right - (scores.code == frequencies.argmax()))
    if gain <= _STANDARD_ERRORS * error:
        yield (
            f"the accuracy of {rows.mean(right)[0]:.3f} is not above the share of the most frequent class, "
            f"{frequencies.max():.3f}, by more than its error"
        )
    probability = np.maximum(frequencies, LEAST_PROBABILITY)  # a class may have rows of weight 0 only
    loss, error = _mean(rows, scores.log_loss + np.log(probability)[scores.code])
    if loss > _STANDARD_ERRORS * error:
        yield (
            f"the log loss of {rows.mean(scores.log_loss)[0]:.3f} is above that of the class frequencies, "
            f"{-rows.mean(np.log(probability)[scores.code])[0]:.3f}, by more than its error"
        )


def _mean(rows: Partition, values: np.ndarray) -> tuple[float, float]:
    """Return a mean and its standard error."""
    mean = rows.mean(values)[0]
    return float(mean), float(rows.standard_error(values - mean)[0])
