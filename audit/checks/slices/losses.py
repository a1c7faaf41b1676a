"""Losses of the sampled rows: errors of a classification, or absolute errors of a regression."""

from dataclasses import dataclass

import numpy as np

from audit.data.row_sample import take_rows
from audit.subject.predictions import Classified, Regressed
from audit.subject.subject import Subject


@dataclass(frozen=True)
class LossRows:
    """Rows with their losses, one entry a row; ``index`` are their numbers among the audited rows, from 0.

    ``loss`` is 1 for a wrong class and 0 for the right one, or the absolute error in the label's unit; ``target`` is
    the label of a regression, else None. ``weights`` and ``clusters`` are None if the policy names none.
    """

    index: np.ndarray
    loss: np.ndarray
    target: np.ndarray | None = None
    weights: np.ndarray | None = None
    clusters: np.ndarray | None = None

    @classmethod
    def of(cls, subject: Subject, index: np.ndarray) -> "LossRows":
        """Return some rows of a subject, by their indices."""
        scores = subject.scores.take(index)
        target = scores.target.astype(np.float64) if isinstance(scores, Regressed) else None
        weights, clusters = (
            None if part is None else part[index] for part in (subject.weights, subject.clusters)
        )
        return cls(index, _losses(scores), target, weights, clusters)

    def take(self, rows: np.ndarray) -> "LossRows":
        """Return some of the rows, by their places or a bool each."""
        return take_rows(self, rows)


def _losses(scores: Classified | Regressed) -> np.ndarray:
    if isinstance(scores, Classified):
        return np.asarray(scores.code != scores.guess, np.float64)
    return np.asarray(np.abs(scores.prediction.astype(np.float64) - scores.target))
