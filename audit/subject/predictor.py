"""What the model decides on a matrix of features: by its uncut signature, as it is called in service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from audit.errors import Skip
from audit.inputs.features import Column, Rows
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.decision import DecisionRule
from audit.model.model import Model
from audit.subject.predictions import Classified, Regressed

_BATCH = 8192
_COMPARED, _ROOM = 256, 1e-3
"""Rows that are judged and compared with their scores, and what these may differ by."""
_LEAST, _EXACT = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).eps)


def require_same(judge: Predictor, rows: Rows, scores: Classified | Regressed) -> None:
    """Raise a Skip unless the model says of rows, as they lie in the matrix, what it said of them in the data.

    Pictures are written as PNG again; a model that looks at the file, and not at its pixels, would be judged on others.
    """
    every = slice(None, None, max(1, len(rows.matrix) // _COMPARED))
    found, classes = judge.decide(rows.matrix[every])
    index = rows.index[every]
    if isinstance(scores, Classified):
        own, room = scores.favorable[index], _ROOM
        other = classes != scores.guess[index]
    else:
        own, room = scores.prediction[index], _ROOM * float(np.abs(scores.prediction[index]).max())
        other = np.zeros(len(index), bool)
    differ = (np.abs(found - own) > room) | (other & (np.abs(found - own) > room / 100))
    if differ.any():
        raise Skip(
            f"the model scores {int(differ.sum()):,} of {len(index):,} rows otherwise once they are made again from "
            "their features (pictures are written as PNG): what is changed in them would be judged on other rows"
        )


class Predictor:
    """Scores and decides rows of a matrix ``(rows, columns)``, batch by batch."""

    def __init__(
        self,
        model: Model,
        feeds: Sequence[Feed],
        columns: Sequence[Column],
        decider: DecisionRule,
        batch: int = _BATCH,
    ) -> None:
        self._model, self._decider, self._batch = model, decider, batch
        self._tensors = model.compiled(Decoder(feeds, columns))

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the class decided on, int32 ``(rows,)``."""
        return self.decide(matrix)[1]

    def decide(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return P(favourable) or a regression's prediction, float64 ``(rows,)``, and the class decided on."""
        parts = [self._decide(part) for part in self._parts(matrix)]
        scores, classes = zip(*parts, strict=True) if parts else ((), ())
        return np.concatenate([np.empty(0), *scores]), np.concatenate([np.empty(0, np.int32), *classes])

    def log_odds(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-odds of the classes, float64 ``(rows, classes)``, and the class decided on, int32 ``(rows,)``.

        The largest log-odds are those of the class decided on, as with `audit.model.decision.decision_logits`; but they
        are computed from the uncut model's outputs, and differ no more where these are 0 or 1 to the last digit.
        """
        parts = [self._weigh(part) for part in self._parts(matrix)]
        odds, classes = zip(*parts, strict=True) if parts else ((np.empty((0, 2)),), ())
        return np.concatenate(odds), np.concatenate([np.empty(0, np.int32), *classes])

    def _parts(self, matrix: np.ndarray) -> Iterator[np.ndarray]:
        return (matrix[start : start + self._batch] for start in range(0, len(matrix), self._batch))

    def _weigh(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raw = self._raw(matrix)
        return _log_odds(raw, self._decider), self._decider.decide(raw)[1]

    def _decide(self, matrix: np.ndarray) -> tuple[Any, Any]:
        return self._decider.decide(self._raw(matrix))

    def _raw(self, matrix: np.ndarray) -> np.ndarray:
        return np.asarray(self._model(self._tensors(matrix)))


def _log_odds(raw: np.ndarray, decider: DecisionRule) -> np.ndarray:
    """Return log-odds of the classes; of two they are as far apart as P(favourable) is from the threshold."""
    head, values = decider.head, raw.astype(np.float64)
    if head.kind == "regression":
        half = (values - (decider.at_least or 0.0)) / 2
        return np.concatenate([-half, half], 1)
    odds = values if head.width > 1 else np.concatenate([-values / 2, values / 2], 1)
    if head.kind != "logits":
        odds = np.log(np.maximum(head.probabilities(raw), _LEAST))
    if odds.shape[1] == 2:
        threshold = np.clip(decider.threshold, _LEAST, 1 - _EXACT)
        odds[:, decider.favorable[0]] += np.log1p(-threshold) - np.log(threshold)
    return np.asarray(odds)
