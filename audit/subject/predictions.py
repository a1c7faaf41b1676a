"""Scores of all rows, kept as compact arrays: what each row's prediction says about its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.data.labels import Labels, Targets
from audit.model.decision import DecisionRule
from audit.model.head import Head
from audit.result import Scalar
from audit.subject.class_order import ClassOrder, borne_out, key
from audit.subject.label_agreement import Agreement

LEAST_PROBABILITY = 1e-15
"""What log loss takes for the probability of an impossible true class."""


@dataclass(frozen=True)
class Classified:
    """Predictions of a classification; every array has one entry a row.

    ``favorable`` is P(favourable) in [0, 1]; ``label`` and ``predicted`` say whether the outcome is the
    favourable one; ``code`` and ``guess`` are the true and the predicted class; ``certainty`` is the
    probability of the true class, ``log_loss`` its negative logarithm; ``brier`` is the squared error of
    the probabilities. ``classes`` are the label values in the order of the outputs, and ``classes_from`` says in
    words what tells it. ``dtype`` is that of the raw outputs.
    """

    classes: list[Scalar]
    classes_from: str
    favorable: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    code: np.ndarray
    guess: np.ndarray
    certainty: np.ndarray
    log_loss: np.ndarray
    brier: np.ndarray
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Regressed:
    """Predictions of a regression. ``label`` and ``predicted`` are None unless ``favorable`` is given.

    ``dtype`` is that of the raw outputs.
    """

    target: np.ndarray
    prediction: np.ndarray
    label: np.ndarray | None
    predicted: np.ndarray | None
    dtype: np.dtype[Any]


class Regressor:
    """Turns batches of raw outputs into `Regressed`."""

    def __init__(self, targets: Targets, head: Head) -> None:
        self._targets = targets
        self.decider = DecisionRule(head, [1], 0.5, targets.at_least)
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self._dtype: np.dtype[Any] = np.dtype(np.float64)

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, 1)`` of the next rows."""
        self._dtype = raw.dtype
        self._parts.append(self.decider.decide(raw))

    def result(self) -> Regressed:
        """Pair predictions with targets, and derive outcomes where the policy says what is favourable."""
        prediction, outcome = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        target, label = self._targets.numbers, self._targets.favorable()
        predicted = None if label is None else outcome == 1
        return Regressed(target, prediction, label, predicted, self._dtype)


class Classifier:
    """Turns batches of raw outputs into `Classified`, in the row order of ``labels``."""

    def __init__(self, labels: Labels, head: Head, order: ClassOrder, threshold: float) -> None:
        self._order = order
        place = {key(value): index for index, value in enumerate(order.values)}
        self._code = np.array([place[key(value)] for value in labels.values], np.int32)[labels.codes]
        favorable = sorted(place[key(labels.values[index])] for index in labels.favorable)
        self.decider, self._start = DecisionRule(head, favorable, threshold), 0
        self._agreement = Agreement(len(order.values)) if order.assumed else None
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._dtype: np.dtype[Any] = np.dtype(np.float64)

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, width)`` of the next rows."""
        self._dtype = raw.dtype
        probabilities = self.decider.head.probabilities(raw, self._start + 1)
        rows = np.arange(len(probabilities))
        code = self._code[self._start : self._start + len(rows)]
        self._start += len(rows)
        if self._agreement:
            self._agreement.add(code, probabilities)
        favorable, guess = self.decider.outcome(probabilities, raw.dtype)
        certainty = probabilities[rows, code]
        self._parts.append((favorable, guess, certainty, _brier(probabilities, certainty)))

    def result(self) -> Classified:
        """Return the predictions of all rows added.

        Raises:
            AuditError: the labels contradict an order of the classes that was only assumed.
        """
        source = borne_out(self._order, self._agreement) if self._agreement else self._order.source
        favorable, guess, certainty, brier = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        chosen = np.isin(np.arange(len(self._order.values)), self.decider.favorable)
        label, predicted = chosen[self._code], chosen[guess]
        loss = -np.log(np.maximum(certainty, LEAST_PROBABILITY))
        return Classified(
            self._order.values, source, favorable, label, predicted, self._code, guess, certainty, loss, brier,
            self._dtype,
        )  # fmt: skip


def _brier(probabilities: np.ndarray, certainty: np.ndarray) -> np.ndarray:
    """Binary: (1 - p)². Several classes: the sum over classes of (p - [class is true])²."""
    if probabilities.shape[1] == 2:
        return np.asarray((1 - certainty) ** 2)
    return np.asarray((probabilities**2).sum(1) - 2 * certainty + 1)
