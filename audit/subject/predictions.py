"""Predictions of all rows with their labels, as compact arrays."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from audit.data.labels import MAX_TARGET, Labels, Targets
from audit.data.row_sample import take_rows
from audit.errors import ScoresRefused, Skip
from audit.model.decision import DecisionRule
from audit.model.head import Head
from audit.result import Scalar
from audit.subject.class_order import ClassOrder, better_order, supported_source
from audit.subject.label_agreement import Agreement

LEAST_PROBABILITY = 1e-15
"""The probability that log loss uses for an impossible true class."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Outcomes of a classification, one entry a row: P(favourable) in [0, 1], and whether label and decision are so."""

    favorable: np.ndarray
    label: np.ndarray
    predicted: np.ndarray

    @cached_property
    def rising(self) -> np.ndarray:
        """Places of the rows by rising P(favourable), ties in any order; in 32 bits, of half the memory."""
        return np.argsort(self.favorable).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class Classified:
    """Predictions and labels of a classification; every array has one entry a row.

    ``outcomes`` are None if the policy names no favourable one of several classes. ``code`` and ``guess`` are the true
    and the predicted class; ``certainty`` is the probability of the true class, ``log_loss`` its negative logarithm;
    ``brier`` is the squared error of the probabilities. ``classes`` are the label values in the order of the outputs,
    and ``classes_from`` says in words what that order comes from. ``dtype`` is that of the raw outputs.
    ``probabilities`` are those of several classes, ``(rows, classes)``; None of two, which ``favorable`` says already.
    """

    classes: list[Scalar]
    classes_from: str
    outcomes: Outcomes | None
    code: np.ndarray
    guess: np.ndarray
    certainty: np.ndarray
    log_loss: np.ndarray
    brier: np.ndarray
    dtype: np.dtype[Any]
    probabilities: np.ndarray | None = None

    @property
    def favorable(self) -> np.ndarray:
        """P(favourable) in [0, 1].

        Raises:
            Skip: no outcome is favourable, here as in `label` and `predicted`.
        """
        return self._known_outcomes.favorable

    @property
    def label(self) -> np.ndarray:
        """Whether the true outcome is the favourable one."""
        return self._known_outcomes.label

    @property
    def predicted(self) -> np.ndarray:
        """Whether the outcome decided on is the favourable one."""
        return self._known_outcomes.predicted

    @property
    def rising(self) -> np.ndarray:
        """Places of the rows by rising P(favourable): sorted once for all that ranks them."""
        return self._known_outcomes.rising

    @property
    def has_outcomes(self) -> bool:
        """Whether one outcome is favourable."""
        return self.outcomes is not None

    @property
    def _known_outcomes(self) -> Outcomes:
        if self.outcomes is None:
            raise Skip(f"data.favorable names none of the {len(self.classes)} classes")
        return self.outcomes

    @property
    def score(self) -> np.ndarray:
        """P(favourable), or P(class decided on) where the policy names no favourable one."""
        if self.outcomes is not None:
            return self.outcomes.favorable
        assert self.probabilities is not None  # or one of two classes is favourable
        return np.asarray(self.probabilities.max(1))

    def take(self, rows: np.ndarray) -> "Classified":
        """Return some of the rows, by their indices or a bool each."""
        outcomes = None if self.outcomes is None else take_rows(self.outcomes, rows)
        return replace(take_rows(self, rows), outcomes=outcomes)


@dataclass(frozen=True, kw_only=True)
class Regressed:
    """Predictions and targets of a regression; ``label`` and ``predicted`` are None unless ``favorable`` is given.

    ``dtype`` is that of the raw outputs.
    """

    target: np.ndarray
    prediction: np.ndarray
    label: np.ndarray | None
    predicted: np.ndarray | None
    dtype: np.dtype[Any]

    @property
    def has_outcomes(self) -> bool:
        """Whether the policy says which predictions are favourable."""
        return self.label is not None

    def take(self, rows: np.ndarray) -> "Regressed":
        """Return some of the rows, by their indices or a bool each."""
        return take_rows(self, rows)


class Regressor:
    """Collects batches of a regression's raw outputs into `Regressed`."""

    def __init__(self, targets: Targets, head: Head) -> None:
        self._targets = targets
        self.decision_rule = DecisionRule(head, [1], 0.5, targets.at_least)
        self._raw: list[np.ndarray] = []

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, 1)`` of the next rows.

        Raises:
            ScoresRefused: a prediction is too large to measure its error.
        """
        too_large = np.abs(raw.astype(np.float64)[:, 0]) > MAX_TARGET
        if too_large.any():
            row = sum(map(len, self._raw)) + int(too_large.argmax()) + 1
            raise ScoresRefused(
                where="model.output",
                expected=f"predictions between -{MAX_TARGET:g} and {MAX_TARGET:g}, whose errors can be measured",
                found=f"a larger one in row {row:,}",
            )
        self._raw.append(raw)

    def result(self) -> Regressed:
        """Return predictions and targets of all rows added, and outcomes if the policy says what is favourable."""
        raw = np.concatenate(self._raw)
        prediction, outcome = self.decision_rule.decide(raw)
        label = self._targets.favorable()
        return Regressed(
            target=self._targets.numbers,
            prediction=prediction,
            label=label,
            predicted=None if label is None else outcome == 1,
            dtype=raw.dtype,
        )


class _Batch(NamedTuple):
    """One entry a row: the score and class decided on, P(true class), and the squared error of probabilities."""

    score: np.ndarray
    guess: np.ndarray
    certainty: np.ndarray
    brier: np.ndarray
    probabilities: np.ndarray


class Classifier:
    """Collects batches of a classification's raw outputs, in the row order of ``labels``, into `Classified`."""

    def __init__(self, labels: Labels, head: Head, order: ClassOrder, threshold: float) -> None:
        self._order = order
        class_index = {labels.identity(value): index for index, value in enumerate(order.values)}
        classes = np.array([class_index[labels.identity(value)] for value in labels.values], np.int32)
        self._code = classes[labels.codes]
        self.decision_rule = DecisionRule(head, sorted(classes[labels.favorable].tolist()), threshold)
        self._rows = 0
        self._agreement = Agreement(len(order.values))
        self._batches: list[_Batch] = []
        self._dtype: np.dtype[Any] = np.dtype(np.float64)

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, width)`` of the next rows."""
        self._dtype = raw.dtype
        probabilities = self.decision_rule.head.probabilities(raw, self._rows + 1)
        code = self._code[self._rows : self._rows + len(raw)]
        self._rows += len(raw)
        self._agreement.add(code, probabilities)
        score, guess = self.decision_rule.outcome(probabilities, raw.dtype)
        certainty = probabilities[np.arange(len(raw)), code]
        stored = probabilities.astype(np.float64 if raw.dtype == np.float64 else np.float32)
        several = stored if probabilities.shape[1] > 2 else stored[:, :0]
        self._batches.append(_Batch(score, guess, certainty, _brier(probabilities, certainty), several))

    def result(self) -> Classified:
        """Return predictions and labels of all rows added.

        Raises:
            AuditError: the labels contradict an order of the classes that was only assumed.
        """
        source = supported_source(self._order, self._agreement) if self._order.assumed else self._order.source
        rows = _Batch(*(np.concatenate(arrays) for arrays in zip(*self._batches, strict=True)))
        outcomes = self._outcomes(rows) if self.decision_rule.favorable else None
        return Classified(
            classes=self._order.values,
            classes_from=source,
            outcomes=outcomes,
            code=self._code,
            guess=rows.guess,
            certainty=rows.certainty,
            log_loss=-np.log(np.maximum(rows.certainty, LEAST_PROBABILITY)),
            brier=rows.brier,
            probabilities=rows.probabilities if rows.probabilities.shape[1] else None,
            dtype=self._dtype,
        )

    def _outcomes(self, rows: _Batch) -> Outcomes:
        is_favorable = np.isin(np.arange(len(self._order.values)), self.decision_rule.favorable)
        label, predicted = (is_favorable[classes] for classes in (self._code, rows.guess))
        return Outcomes(favorable=rows.score, label=label, predicted=predicted)

    def warnings(self) -> Iterator[str]:
        """Yield that the scores agree better with another order of the classes than with the one that was given."""
        if not self._order.assumed and (better := better_order(self._order, self._agreement)):
            yield better


def _brier(probabilities: np.ndarray, certainty: np.ndarray) -> np.ndarray:
    """Return (1 - p)² of two classes; of several, the sum over classes of (p - [class is true])²."""
    if probabilities.shape[1] == 2:
        return np.asarray((1 - certainty) ** 2)
    return np.asarray((probabilities**2).sum(1) - 2 * certainty + 1)
