"""Scores of all rows, kept as compact arrays: what each row's prediction says about its label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.data.labels import Labels, Targets
from audit.decider import Decider
from audit.errors import AuditError, some
from audit.model.head import Head
from audit.result import Scalar

_LEAST = 1e-15  # what log loss takes for the probability of an impossible true class


@dataclass(frozen=True)
class Classified:
    """Predictions of a classification; every array has one entry a row.

    ``favorable`` is P(favourable) in [0, 1]; ``label`` and ``predicted`` say whether the outcome is the
    favourable one; ``code`` and ``guess`` are the true and the predicted class; ``certainty`` is the
    probability of the true class, ``log_loss`` its negative logarithm; ``brier`` is the squared error of
    the probabilities.
    """

    classes: list[Scalar]
    favorable: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    code: np.ndarray
    guess: np.ndarray
    certainty: np.ndarray
    log_loss: np.ndarray
    brier: np.ndarray


@dataclass(frozen=True)
class Regressed:
    """Predictions of a regression. ``label`` and ``predicted`` are None unless ``favorable`` is given."""

    target: np.ndarray
    prediction: np.ndarray
    label: np.ndarray | None
    predicted: np.ndarray | None


class Regressor:
    """Turns batches of raw outputs into `Regressed`."""

    def __init__(self, targets: Targets, head: Head) -> None:
        self._targets = targets
        self.decider = Decider(head, [1], 0.5, targets.at_least)
        self._parts: list[np.ndarray] = []

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, 1)`` of the next rows."""
        self._parts.append(raw[:, 0].astype(np.float64))

    def result(self) -> Regressed:
        """Pair predictions with targets, and derive outcomes where the policy says what is favourable."""
        prediction, target, limit = np.concatenate(self._parts), self._targets.numbers, self._targets.at_least
        if limit is None:
            return Regressed(target, prediction, None, None)
        return Regressed(target, prediction, target >= limit, prediction >= limit)


class Classifier:
    """Turns batches of raw outputs into `Classified`, in the row order of ``labels``."""

    def __init__(self, labels: Labels, head: Head, classes: list[Scalar] | None, threshold: float) -> None:
        count = 2 if head.width == 1 else head.width
        self.classes = _classes(labels, classes, count)
        place = {_key(value): index for index, value in enumerate(self.classes)}
        self._code = np.array([place[_key(value)] for value in labels.values], np.int32)[labels.codes]
        favorable = sorted(place[_key(labels.values[index])] for index in labels.favorable)
        self.decider, self._start = Decider(head, favorable, threshold), 0
        self._parts: list[tuple[np.ndarray, ...]] = []

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, width)`` of the next rows."""
        probabilities = self.decider.head.probabilities(raw)
        rows = np.arange(len(probabilities))
        code = self._code[self._start : self._start + len(rows)]
        self._start += len(rows)
        favorable, guess = self.decider.outcome(probabilities)
        certainty = probabilities[rows, code]
        self._parts.append((favorable, guess, certainty, _brier(probabilities, certainty)))

    def result(self) -> Classified:
        """Return the predictions of all rows added."""
        favorable, guess, certainty, brier = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        chosen = np.isin(np.arange(len(self.classes)), self.decider.favorable)
        label, predicted = chosen[self._code], chosen[guess]
        loss = -np.log(np.maximum(certainty, _LEAST))
        return Classified(
            self.classes, favorable, label, predicted, self._code, guess, certainty, loss, brier
        )


def _brier(probabilities: np.ndarray, certainty: np.ndarray) -> np.ndarray:
    """Binary: (1 - p)². Several classes: the sum over classes of (p - [class is true])²."""
    if probabilities.shape[1] == 2:
        return np.asarray((1 - certainty) ** 2)
    return np.asarray((probabilities**2).sum(1) - 2 * certainty + 1)


def _classes(labels: Labels, given: list[Scalar] | None, count: int) -> list[Scalar]:
    classes = given or labels.values
    if len(classes) != count:
        raise AuditError(
            where="model.classes",
            expected=f"{count} label values, one for each class that the model scores",
            found=f"{len(classes)}{'' if given else ' in the data'}: {some(classes)}",
            fix="list them in the order of the outputs under model.classes (or set model.output: regression)",
        )
    keys = {_key(value) for value in classes}
    unknown = [value for value in labels.values if _key(value) not in keys]
    if unknown:
        raise AuditError(
            where="model.classes",
            expected=f"every label value of the data: {some(labels.values)}",
            found=f"{some(classes)}, without {some(unknown)}",
        )
    return list(classes)


def _key(value: Scalar) -> str:
    """Label values are compared as text: ``1``, ``1.0`` and ``"1"`` are one class."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
