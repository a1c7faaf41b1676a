"""Predictions of all rows with their labels, as compact arrays."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from audit.data.labels import MAX_TARGET, Labels, Targets
from audit.data.row_sample import take_rows
from audit.errors import ScoresRefused, Skip
from audit.model.decision import DecisionRule
from audit.model.head import Head
from audit.result import Scalar
from audit.stats.ranks import rising_places
from audit.stats.row_blocks import compact
from audit.subject.class_order import ClassOrder, better_order, supported_source
from audit.subject.label_agreement import Agreement

LEAST_PROBABILITY = 1e-15
"""The probability that log loss uses for an impossible true class."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Outcomes of a classification, one entry a row: P(favourable) in [0, 1], and whether label and decision are so.

    ``favorable`` is float32 if that holds every score, else float64.
    """

    favorable: np.ndarray
    label: np.ndarray
    predicted: np.ndarray

    @cached_property
    def rising(self) -> np.ndarray:
        """Places of the rows by rising P(favourable): sorted once for all that ranks them."""
        return rising_places(self.favorable)

    def forget_order(self) -> None:
        """Release the memory of `rising`, four bytes a row, until it is asked for again."""
        vars(self).pop("rising", None)


@dataclass(frozen=True, kw_only=True)
class Classified:
    """Predictions and labels of a classification; every array has one entry a row.

    Held is what takes few bytes a row; the other properties are computed from it when they are asked for, so that those
    of many rows are best asked for in blocks (`take`). ``outcomes`` are None if the policy names no favourable one of
    several classes. ``code`` and ``guess`` are the true and the predicted class, in the smallest type. ``classes`` are
    the label values in the order of the outputs, and ``classes_from`` says in words what that order comes from.
    ``dtype`` is that of the raw outputs. ``probabilities`` are those of several classes, ``(rows, classes)``; None of
    two, which ``favorable`` says already. ``held_certainty`` and ``held_brier`` are None where `certainty` and `brier`
    follow from the rest.
    """

    classes: list[Scalar]
    classes_from: str
    outcomes: Outcomes | None
    code: np.ndarray
    guess: np.ndarray
    dtype: np.dtype[Any]
    probabilities: np.ndarray | None = None
    held_certainty: np.ndarray | None = None
    held_brier: np.ndarray | None = None

    @property
    def favorable(self) -> np.ndarray:
        """P(favourable) in [0, 1], float64.

        Raises:
            Skip: no outcome is favourable, here as in `label` and `predicted`.
        """
        return self.known_outcomes.favorable.astype(np.float64, copy=False)

    @property
    def label(self) -> np.ndarray:
        """Whether the true outcome is the favourable one."""
        return self.known_outcomes.label

    @property
    def predicted(self) -> np.ndarray:
        """Whether the outcome decided on is the favourable one."""
        return self.known_outcomes.predicted

    @property
    def certainty(self) -> np.ndarray:
        """The probability of the true class, float64."""
        if self.held_certainty is None:
            return _certainty(self.label, self.favorable)
        return self.held_certainty.astype(np.float64, copy=False)

    @property
    def log_loss(self) -> np.ndarray:
        """The negative logarithm of `certainty`."""
        return np.asarray(-np.log(np.maximum(self.certainty, LEAST_PROBABILITY)))

    @property
    def brier(self) -> np.ndarray:
        """The squared error of the probabilities."""
        return np.asarray((1 - self.certainty) ** 2) if self.held_brier is None else self.held_brier

    @property
    def has_outcomes(self) -> bool:
        """Whether one outcome is favourable."""
        return self.outcomes is not None

    @property
    def known_outcomes(self) -> Outcomes:
        """The outcomes.

        Raises:
            Skip: there are none.
        """
        if self.outcomes is None:
            raise Skip(f"data.favorable names none of the {len(self.classes)} classes")
        return self.outcomes

    @property
    def score(self) -> np.ndarray:
        """P(favourable), or P(class decided on) where the policy names no favourable one."""
        if self.outcomes is not None:
            return self.favorable
        assert self.probabilities is not None  # or one of two classes is favourable
        return np.asarray(self.probabilities.max(1))

    def take(self, rows: np.ndarray | slice) -> "Classified":
        """Return some of the rows, by their indices, a bool each, or as a block."""
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


class Classifier:
    """Collects batches of a classification's raw outputs, in the row order of ``labels``, into `Classified`."""

    def __init__(self, labels: Labels, head: Head, order: ClassOrder, threshold: float) -> None:
        self._order = order
        class_index = {labels.identity(value): index for index, value in enumerate(order.values)}
        classes = np.array([class_index[labels.identity(value)] for value in labels.values], np.int32)
        number = len(order.values)
        is_same_order = np.array_equal(classes, np.arange(number))  # then the codes are held once
        self._code = labels.codes if is_same_order else compact(classes, number)[labels.codes]
        self.decision_rule = DecisionRule(head, sorted(classes[labels.favorable].tolist()), threshold)
        self._rows = 0
        self._agreement = Agreement(number)
        self._is_two_classes = number == 2
        self._is_favorable = np.isin(np.arange(number), self.decision_rule.favorable)
        self._guess = np.empty(len(self._code), self._code.dtype)
        self._score = _ScoreColumn(len(self._code))
        self._certainty: _ScoreColumn | None = None
        self._brier: list[np.ndarray] = []
        self._probabilities: list[np.ndarray] = []
        self._dtype: np.dtype[Any] = np.dtype(np.float64)

    def add(self, raw: np.ndarray) -> None:
        """Append the raw outputs ``(rows, width)`` of the next rows."""
        self._dtype = raw.dtype
        probabilities = self.decision_rule.head.probabilities(raw, self._rows + 1)
        block = slice(self._rows, self._rows + len(raw))
        code = self._code[block]
        self._rows += len(raw)
        self._agreement.add(code, probabilities)
        score, self._guess[block] = self.decision_rule.outcome(probabilities, raw.dtype)
        self._score.put(block, score)
        self._add_certainty(block, probabilities[np.arange(len(raw)), code])
        if probabilities.shape[1] > 2:
            dtype = np.float64 if raw.dtype == np.float64 else np.float32
            self._probabilities.append(probabilities.astype(dtype))
            self._brier.append((probabilities**2).sum(1) - 2 * probabilities[np.arange(len(raw)), code] + 1)

    def _add_certainty(self, block: slice, certainty: np.ndarray) -> None:
        """Append P(true class), which is held unless it followed from the score so far."""
        if self._certainty is None:
            if self._is_two_classes and np.array_equal(certainty, self._followed_certainty(block)):
                return
            self._certainty = _ScoreColumn(len(self._code))
            if self._is_two_classes:
                earlier = slice(0, block.start)
                self._certainty.put(earlier, self._followed_certainty(earlier))
        self._certainty.put(block, certainty)

    def _followed_certainty(self, block: slice) -> np.ndarray:
        return _certainty(self._is_favorable[self._code[block]], self._score.values[block].astype(np.float64))

    def result(self) -> Classified:
        """Return predictions and labels of all rows added.

        Raises:
            AuditError: the labels contradict an order of the classes that was only assumed.
        """
        source = supported_source(self._order, self._agreement) if self._order.assumed else self._order.source
        outcomes = None
        if self.decision_rule.favorable:
            outcomes = Outcomes(
                favorable=self._score.values,
                label=self._favorable_rows(self._code),
                predicted=self._favorable_rows(self._guess),
            )
        return Classified(
            classes=self._order.values,
            classes_from=source,
            outcomes=outcomes,
            code=self._code,
            guess=self._guess,
            dtype=self._dtype,
            probabilities=np.concatenate(self._probabilities) if self._probabilities else None,
            held_certainty=self._certainty.values if self._certainty else None,
            held_brier=np.concatenate(self._brier) if self._brier else None,
        )

    def _favorable_rows(self, classes: np.ndarray) -> np.ndarray:
        """Return which rows are of a favourable class, bool: 0 and 1 of one byte say so themselves."""
        if self.decision_rule.favorable == [1] and self._is_two_classes and classes.itemsize == 1:
            return classes.view(bool)
        return np.asarray(self._is_favorable[classes])

    def warnings(self) -> Iterator[str]:
        """Yield that the scores agree better with another order of the classes than with the one that was given."""
        if not self._order.assumed and (better := better_order(self._order, self._agreement)):
            yield better


class _ScoreColumn:
    """Numbers of all rows: float32 as long as that holds them, else float64."""

    def __init__(self, rows: int) -> None:
        self.values = np.zeros(rows, np.float32)

    def put(self, block: slice, numbers: np.ndarray) -> None:
        """Set the numbers (float64) of a block of rows."""
        if self.values.dtype == np.float32 and not np.array_equal(numbers, numbers.astype(np.float32)):
            self.values = self.values.astype(np.float64)
        self.values[block] = numbers


def _certainty(label: np.ndarray, favorable: np.ndarray) -> np.ndarray:
    """Return P(true class) of two classes from whether the favourable one is true and its probability, float64."""
    return np.asarray(np.abs(favorable - ~label))  # 1 - favorable without the label, to the last digit
