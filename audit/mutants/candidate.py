"""What variants are made from: the candidate's own scores of every row, and what decides them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.head import Head
from audit.mutants.row_noise import row_noise
from audit.mutants.score_mutations import opened
from audit.subject.subject import Subject

_LEAST = 1e-7  # thresholds nearer to 0 or 1 than this have no finite log-odds


@dataclass(frozen=True)
class Candidate:
    """The audited model's outputs.

    ``raw`` are its outputs ``(rows, width)`` and ``noise`` standard normal numbers of the same shape, as
    `audit.mutants.row_noise` draws them for each row.
    """

    subject: Subject
    raw: np.ndarray
    noise: np.ndarray

    @property
    def head(self) -> Head:
        """What the outputs are."""
        return self.subject.decider.head

    @property
    def is_regression(self) -> bool:
        """Whether the outputs are values and not scores of classes."""
        return self.head.kind == "regression"

    @cached_property
    def scores(self) -> np.ndarray:
        """What variants move: log-odds of probabilities, else the outputs; float64 ``(rows, width)``."""
        exact = self.raw if self.raw.dtype == np.float64 else self.raw.astype(np.float32)
        return np.asarray(opened(tensorflow().constant(exact), self.head).numpy(), np.float64)

    @property
    def spread(self) -> float:
        """The standard deviation of the scores, of several classes about their mean in each row; never 0."""
        several = self.head.width > 1
        centred = self.scores - self.scores.mean(axis=1, keepdims=True) if several else self.scores
        return float(np.std(centred)) or 1.0

    def margin(self, scores: np.ndarray) -> np.ndarray:
        """Return by how much each row's scores decide for the favourable outcome: from 0 on they do, ``(rows,)``."""
        decider = self.subject.decider
        if self.is_regression:
            return np.asarray(scores[:, 0] - (decider.at_least or 0.0))
        if self.head.width == 1:
            odds = scores[:, 0] if decider.favorable == [1] else -scores[:, 0]
            return np.asarray(odds - self._threshold)
        chosen = np.isin(np.arange(self.head.width), decider.favorable)
        odds = scores[:, chosen].max(axis=1) - scores[:, ~chosen].max(axis=1)
        return np.asarray(odds - self._threshold if self.head.width == 2 else odds)

    @property
    def _threshold(self) -> float:
        """The threshold in log-odds."""
        share = float(np.clip(self.subject.decider.threshold, _LEAST, 1 - _LEAST))
        return float(np.log(share) - np.log1p(-share))


def read_candidate(subject: Subject) -> Candidate:
    """Score every row once more, and keep the outputs themselves."""
    raw, noise = zip(*_batches(subject), strict=True)
    return Candidate(subject, np.concatenate(raw), np.concatenate(noise))


def _batches(subject: Subject) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    model, feeds, row = subject.model, subject.feeds, 1
    for batch in subject.source.batches([column for feed in feeds for column in feed.reads]):
        if batch.num_rows:
            missing = subject.policy.data.missing
            fed = {feed.name: feed.tensor(feed.read(batch, row, missing)) for feed in feeds}
            own = {entry.name: tensorflow().convert_to_tensor(entry.tensor(fed)) for entry in model.entries}
            yield model(fed, row), np.asarray(row_noise(own, model.width).numpy())
            row += batch.num_rows
