"""What the model decides on a matrix of features: by its uncut signature, as it is called in service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.decider import Decider
from audit.features import Column
from audit.model.feeds import Feed
from audit.model.matrix import Decoder
from audit.model.model import Model

_BATCH = 8192


class Judge:
    """Scores and decides rows of a matrix ``(rows, columns)``, batch by batch."""

    def __init__(
        self, model: Model, feeds: Sequence[Feed], columns: Sequence[Column], decider: Decider
    ) -> None:
        self._model, self._decider = model, decider
        self._tensors = model.compiled(Decoder(feeds, columns))

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the class decided on, int32 ``(rows,)``."""
        return self.decide(matrix)[1]

    def decide(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return P(favourable) or a regression's prediction, float64 ``(rows,)``, and the class decided on."""
        parts = [self._decide(matrix[start : start + _BATCH]) for start in range(0, len(matrix), _BATCH)]
        scores, classes = zip(*parts, strict=True) if parts else ((), ())
        return np.concatenate([np.empty(0), *scores]), np.concatenate([np.empty(0, np.int32), *classes])

    def _decide(self, matrix: np.ndarray) -> tuple[Any, Any]:
        return self._decider.decide(self._model(self._tensors(matrix)))
