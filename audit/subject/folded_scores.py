"""Tests on all rows whether scores of two classes are probabilities of one of them."""

import numpy as np

from audit.model.graph.monotone import FOLDS, folding_operation
from audit.model.model import Model
from audit.subject.class_probabilities import refusal
from audit.subject.predictions import Classified

_MIN_ROWS = 50
_TOLERANCE = 1e-6


def require_unfolded(model: Model, scores: Classified, declared: bool) -> list[str]:
    """Return a warning about scores that are decisions, or that only the policy says are probabilities of one class.

    Scores that never cross one half behind an operation that folds are those of the decided class; with ``declared``
    the policy says otherwise.

    Raises:
        ScoresRefused: the graph folds the scores, and they never cross one half.
    """
    if len(scores.classes) != 2 or model.meaning:
        return []
    favorable = scores.known_outcomes.favorable
    if np.isin(favorable, (0, 1)).all() and favorable.min() < favorable.max():
        return [
            f"The output {model.output!r} has only the values 0 and 1: decisions, not probabilities. AUC, log loss, "
            "Brier score and calibration error are those of decisions."
        ]
    if len(favorable) < _MIN_ROWS or favorable.min() == favorable.max() or _crosses_half(favorable):
        return []
    operation = folding_operation(model.frozen) if model.frozen else model.operation
    if operation is None or operation.type not in FOLDS:
        return []
    reason = (
        f"{model.output!r} passes {operation.type} ({operation.name}) and is never on the other side of 0.5 in "
        f"{len(favorable):,} rows"
    )
    if declared:
        return [
            f"Is the output a probability of one class, as model.output says? {reason}, as the largest one is."
        ]
    raise refusal(model.output, f"{reason}; if it is that of one class, model.output: probabilities says so")


def _crosses_half(favorable: np.ndarray) -> bool:
    return float(favorable.min()) < 0.5 - _TOLERANCE and float(favorable.max()) > 0.5 + _TOLERANCE
