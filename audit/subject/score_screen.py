"""Screening of scores: predictions that say nothing of the rows, as of data that are not prepared as in training."""

from collections.abc import Iterator

import numpy as np

from audit.stats.group_estimates import auc
from audit.subject.predictions import Classified, Regressed

_STANDARD_ERRORS = 1.96  # of a two-sided 95 % interval


def score_warnings(
    scores: Classified | Regressed, weights: np.ndarray | None, clusters: np.ndarray | None
) -> list[str]:
    """Return a warning if the scores of all rows are uninformative, with each sign of it; else nothing.

    Args:
        scores: predictions and labels of all rows.
        weights: row weights, or None.
        clusters: cluster codes, or None for independent rows.
    """
    signs = _regression(scores) if isinstance(scores, Regressed) else _classes(scores, weights, clusters)
    if not (texts := list(signs)):
        return []
    question = "Is the data prepared as in training (same scaling, encoding and column order)?"
    return [f"the scores say little about these rows: {'; '.join(texts)}. {question}"]


def _regression(scores: Regressed) -> Iterator[str]:
    prediction = scores.prediction
    if prediction.min() == prediction.max():
        yield f"every row has the prediction {prediction[0]:.4g}"
    elif np.square(prediction - scores.target).sum() >= np.square(scores.target - scores.target.mean()).sum():
        yield "predicting the mean label would be no worse (R² is not above 0)"


def _classes(scores: Classified, weights: np.ndarray | None, clusters: np.ndarray | None) -> Iterator[str]:
    if scores.score.min() == scores.score.max():
        yield f"every row has the score {scores.score[0]:.4g}"
    if scores.has_outcomes and (scores.predicted.all() or not scores.predicted.any()):
        yield f"{'every' if scores.predicted[0] else 'no'} row is predicted favourable"
    elif len(scores.classes) > 2 and (scores.guess == scores.guess[0]).all():
        yield f"every row is predicted {scores.classes[scores.guess[0]]!r}"
    if scores.has_outcomes:
        yield from _auc_of_chance(scores, weights, clusters)


def _auc_of_chance(
    scores: Classified, weights: np.ndarray | None, clusters: np.ndarray | None
) -> Iterator[str]:
    favorable = scores.favorable
    order = np.argsort(favorable, kind="stable")
    value, error = auc(
        scores.label[order],
        favorable[order],
        None if weights is None else weights[order],
        None if clusters is None else clusters[order],
    )
    if abs(value - 0.5) <= _STANDARD_ERRORS * error:
        yield f"the AUC of {value:.3f} is within its error of 0.5, chance level"
