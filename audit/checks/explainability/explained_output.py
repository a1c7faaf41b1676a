"""The output that is explained, as a function of a matrix of features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.decision import favorable_logit, favorable_score
from audit.subject.subject import Subject


@dataclass(frozen=True)
class Output:
    """What is explained, and ``unit``, its name.

    ``value`` is a TensorFlow function from an encoded matrix to ``(rows,)``. ``encode`` makes the encoded matrix of a
    matrix ``(rows, numbers)`` of ``dtype``; ``players`` and ``widest`` are those of `audit.model.logits.logits.Logits`.
    """

    value: Callable[[Any], Any]
    encode: Callable[[np.ndarray], np.ndarray]
    players: np.ndarray
    widest: int
    dtype: Any
    unit: str

    @cached_property
    def _compiled(self) -> Any:
        return graph(self.value, [tensorflow().TensorSpec([None, len(self.players)], self.dtype)])

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the output of a matrix that is not encoded, float64 ``(rows,)``."""
        return np.asarray(self._compiled(self.encode(matrix)).numpy().astype(np.float64))


def explained_output(subject: Subject, score: bool) -> Output:
    """Return the favourable outcome's log-odds, or with ``score`` P(favourable); a regression's prediction."""
    logits, decider, matrix = subject.logits, subject.decider, subject.features.data.matrix
    outcome = favorable_score if score else favorable_logit
    # Traced once: the numbers of rows differ from call to call.
    encode = graph(logits.encode, [tensorflow().TensorSpec([None, matrix.shape[1]], matrix.dtype)])
    return Output(
        value=lambda encoded: outcome(logits.graph(encoded), decider),
        encode=lambda given: np.asarray(encode(given)),
        players=logits.players,
        widest=logits.widest,
        dtype=matrix.dtype,
        unit=_unit(decider.head.kind, score),
    )


def _unit(kind: str, score: bool) -> str:
    if kind == "regression":
        return "the prediction"
    return "the score of the favourable outcome" if score else "the log-odds of the favourable outcome"
