"""Gradients of the cut logits, and finite differences of the uncut model's scores to hold against them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import logit

from audit.model.decision import explained_logit
from audit.subject.subject import Subject

_ROWS, _COLUMNS = 60, 40
_STEPS = (2.0**-5, 2.0**-4)
"""Of a column's spread, to the next power of two: such steps are exact in sixteen bits, too."""


def gradients(subject: Subject, rows: np.ndarray) -> np.ndarray:
    """Return the gradient of the favourable outcome's log-odds (or of a prediction), ``(rows, columns)``."""
    logits, decider = subject.logits, subject.decision_rule

    @tf.function(autograph=False)
    def slope(given: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            value = explained_logit(logits(given), decider)
        return tape.gradient(value, given, unconnected_gradients="zero")

    return np.asarray(slope(tf.constant(rows)).numpy(), np.float64)


def compared(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Return gradients and finite differences of the components at which two step sizes agree.

    Columns are those that feed float inputs; rows those whose scores are far enough from 0 and 1 to have log-odds.
    """
    rows = subject.features.data.matrix
    rows = rows[(np.abs(_value(subject, rows)) < 4) | (subject.decision_rule.head.kind == "regression")][
        :_ROWS
    ]
    found, wanted = [], []
    slopes = gradients(subject, rows)
    for column, step in _steps(subject).items():
        small, large = (_difference(subject, rows, column, step * size) for size in _STEPS)
        agree = np.abs(small - large) <= 3e-3 * np.abs(large) + 1e-6
        found.append(slopes[agree, column])
        wanted.append(small[agree])
    return np.concatenate(found or [np.empty(0)]), np.concatenate(wanted or [np.empty(0)])


def _difference(subject: Subject, rows: np.ndarray, column: int, step: float) -> np.ndarray:
    ends = [rows.copy(), rows.copy()]
    ends[0][:, column] += step
    ends[1][:, column] -= step
    up, down = (_value(subject, end) for end in ends)
    return np.asarray((up - down) / (2 * step))


def _value(subject: Subject, rows: np.ndarray) -> np.ndarray:
    """Return the log-odds of the uncut scores; of a regression the prediction."""
    scores = subject.predictor.decide(rows)[0]
    return scores if subject.decision_rule.head.kind == "regression" else np.asarray(logit(scores))


def _steps(subject: Subject) -> dict[int, float]:
    """Return the unit of a step for each column of numbers of which a float input is made, not for all pixels."""
    floats = {name for feed in subject.feeds if feed.dtype.is_floating for name in feed.columns}
    spread = subject.features.data.matrix.std(0)
    places = np.repeat(np.arange(len(subject.features.columns)), [c.width for c in subject.features.columns])
    names = [subject.features.columns[place].name for place in places]
    columns = [index for index, name in enumerate(names) if name in floats and spread[index] > 0]
    return {column: float(2.0 ** np.round(np.log2(spread[column]))) for column in columns[:_COLUMNS]}
