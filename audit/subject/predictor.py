"""Predictions for a matrix of features by the model's uncut signature, as it is called in service."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audit.errors import Skip
from audit.execution.plan import row_ranges
from audit.frameworks.tensorflow_loader import graph
from audit.inputs.features import Column, Rows
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.decision import DecisionRule
from audit.model.model import Model
from audit.subject.predictions import Classified, Regressed

_BATCH_ROWS = 8192
_RESCORED_ROWS = 256  # that are compared with their scores
_SCORE_TOLERANCE = 1e-3
_MIN_PROBABILITY = float(np.finfo(np.float64).tiny)
_EPSILON = float(np.finfo(np.float64).eps)


class ScoredDecisions(NamedTuple):
    """A model's scores of rows, float64, and the classes that it decides on, int32 ``(rows,)``."""

    scores: np.ndarray
    classes: np.ndarray


class Predictor:
    """The uncut model's scores and decisions on a feature matrix ``(rows, columns)``, computed batch by batch.

    ``rebuild`` makes it again in another process, which cannot have its model.
    """

    def __init__(
        self,
        model: Model,
        feeds: Sequence[Feed],
        columns: Sequence[Column],
        decision_rule: DecisionRule,
        batch_rows: int = _BATCH_ROWS,
        rebuild: "Callable[[], Predictor] | None" = None,
    ) -> None:
        self._rebuild = rebuild
        self._model = model
        self._decision_rule = decision_rule
        self._batch_rows = batch_rows
        self._columns = columns
        self._tensors = graph(Decoder(feeds, columns))

    def __reduce__(self) -> "tuple[Callable[[], Predictor], tuple[()]]":
        if self._rebuild is None:
            raise TypeError("a predictor that another process cannot make again")
        return self._rebuild, ()

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the class decided on, int32 ``(rows,)``."""
        return self.decide(matrix).classes

    def decide(self, matrix: np.ndarray) -> ScoredDecisions:
        """Return P(favourable) or a regression's prediction ``(rows,)``, and the classes decided on."""
        rule = self._decision_rule
        batches = [ScoredDecisions(*rule.decide(raw)) for raw in self._raw(matrix)]
        return _concatenated([ScoredDecisions(np.empty(0), np.empty(0, np.int32)), *batches])

    def log_odds(self, matrix: np.ndarray) -> ScoredDecisions:
        """Return the log-odds of the classes ``(rows, classes)``, and the classes decided on.

        The largest log-odds are those of the class decided on, as with `audit.model.decision.decision_logits`; but they
        are computed from the uncut model's outputs, and differ no more where these are 0 or 1 to the last digit.
        """
        rule = self._decision_rule
        batches = [ScoredDecisions(_log_odds(raw, rule), rule.decide(raw)[1]) for raw in self._raw(matrix)]
        return _concatenated(batches or [ScoredDecisions(np.empty((0, 2)), np.empty(0, np.int32))])

    def _raw(self, matrix: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the raw outputs of each batch."""
        for part in row_ranges(len(matrix), self._rows_of_call):
            yield np.asarray(self._model(self._tensors(matrix[part.slice])))

    @cached_property
    def _rows_of_call(self) -> int:
        if all(column.shape is None for column in self._columns):
            return self._batch_rows
        numbers = sum(column.width for column in self._columns)
        return min(self._batch_rows, self._model.images_of_call(numbers))


def require_same(predictor: Predictor, rows: Rows, scores: Classified | Regressed) -> None:
    """Raise a Skip unless rows made again from their features get the scores that they have in the data.

    Pictures are written as PNG again; a model that looks at the file, and not at its pixels, would be judged on others.
    """
    every_nth = slice(None, None, max(1, len(rows.matrix) // _RESCORED_ROWS))
    rescored = predictor.decide(rows.matrix[every_nth])
    index = rows.index[every_nth]
    tolerance = _SCORE_TOLERANCE
    scores = scores.take(index)
    if isinstance(scores, Classified):
        difference = np.abs(rescored.scores - scores.score)
        other_class = rescored.classes != scores.guess
    else:
        tolerance *= float(np.abs(scores.prediction).max())
        difference = np.abs(rescored.scores - scores.prediction)
        other_class = np.zeros(len(index), bool)
    differ = (difference > tolerance) | (other_class & (difference > tolerance / 100))
    if differ.any():
        raise Skip(
            f"the model scores {int(differ.sum()):,} of {len(index):,} rows otherwise once they are made again from "
            "their features (pictures are written as PNG): what is changed in them would be judged on other rows"
        )


def _concatenated(batches: Sequence[ScoredDecisions]) -> ScoredDecisions:
    return ScoredDecisions(*(np.concatenate(arrays) for arrays in zip(*batches, strict=True)))


def _log_odds(raw: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """Return log-odds of the classes; of two they are as far apart as P(favourable) is from the threshold."""
    head = rule.head
    values = raw.astype(np.float64)
    if head.kind == "regression":
        half = (values - (rule.at_least or 0.0)) / 2
        return np.concatenate([-half, half], 1)
    odds = values if head.width > 1 else np.concatenate([-values / 2, values / 2], 1)
    if head.kind != "logits":
        odds = np.log(np.maximum(head.probabilities(raw), _MIN_PROBABILITY))
    if odds.shape[1] == 2:
        threshold = np.clip(rule.threshold, _MIN_PROBABILITY, 1 - _EPSILON)
        odds[:, rule.favorable[0]] += np.log1p(-threshold) - np.log(threshold)
    return np.asarray(odds)
