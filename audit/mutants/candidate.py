"""The candidate of a self-test: its raw outputs for every row, its margins, and effect sizes of mutations."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.head import Head
from audit.mutants.row_noise import row_noise
from audit.mutants.score_mutations import to_log_odds
from audit.subject.predictions import Classified
from audit.subject.sources import columns_read
from audit.subject.subject import Subject

_MAX_AUC_ROWS = 20_000  # an approximate AUC will do
_MAX_NOISE = 64.0  # in standard deviations of the scores
_BISECTIONS = 30
_MIN_THRESHOLD = 1e-7  # thresholds nearer to 0 or 1 than this have no finite log-odds


@dataclass(frozen=True)
class Candidate:
    """The audited model's raw outputs ``(rows, width)``, and standard normal ``noise`` of the same shape.

    The noise is that of `audit.mutants.row_noise`.
    """

    subject: Subject
    raw: np.ndarray
    noise: np.ndarray

    @property
    def head(self) -> Head:
        """The kind and width of the outputs."""
        return self.subject.decision_rule.head

    @property
    def is_regression(self) -> bool:
        """Whether the outputs are predictions of a regression."""
        return self.head.kind == "regression"

    @cached_property
    def scores(self) -> np.ndarray:
        """Log-odds of probabilities, other outputs unchanged; float64 ``(rows, width)``."""
        exact = self.raw if self.raw.dtype == np.float64 else self.raw.astype(np.float32)
        return np.asarray(to_log_odds(tensorflow().constant(exact), self.head).numpy(), np.float64)

    @property
    def spread(self) -> float:
        """The standard deviation of the scores, of several classes about their mean in each row; 1 if it is 0."""
        row_means = self.scores.mean(axis=1, keepdims=True) if self.head.width > 1 else 0.0
        return float(np.std(self.scores - row_means)) or 1.0

    def margin(self, scores: np.ndarray) -> np.ndarray:
        """Return each row's signed distance from the decision boundary, favourable from 0 on, ``(rows,)``."""
        rule = self.subject.decision_rule
        if self.is_regression:
            return np.asarray(scores[:, 0] - (rule.at_least or 0.0))
        if self.head.width == 1:
            odds = scores[:, 0] if rule.favorable == [1] else -scores[:, 0]
        else:
            is_favorable = np.isin(np.arange(self.head.width), rule.favorable)
            odds = scores[:, is_favorable].max(axis=1) - scores[:, ~is_favorable].max(axis=1)
        if self.head.width > 2:
            return np.asarray(odds)
        threshold = float(np.clip(rule.threshold, _MIN_THRESHOLD, 1 - _MIN_THRESHOLD))
        return np.asarray(odds - float(np.log(threshold) - np.log1p(-threshold)))


def read_candidate(subject: Subject) -> Candidate:
    """Compute the raw outputs of every row once more, and its noise."""
    model = subject.model
    outputs: list[np.ndarray] = []
    noise: list[np.ndarray] = []
    row = 1
    for batch in subject.source.batches(columns_read(subject.feeds)):
        if batch.num_rows:
            missing = subject.policy.data.missing
            tensors = {feed.name: feed.tensor(feed.read(batch, row, missing)) for feed in subject.feeds}
            inputs = {e.name: tensorflow().convert_to_tensor(e.tensor(tensors)) for e in model.entries}
            outputs.append(model(tensors, row))
            noise.append(np.asarray(row_noise(inputs, model.width).numpy()))
            row += batch.num_rows
    return Candidate(subject, np.concatenate(outputs), np.concatenate(noise))


def halving_shift(margin: np.ndarray) -> float | None:
    """Return the shift that lowers half of the non-negative margins below 0, None if there are none.

    If many are equal, it is as near to half as their steps allow.
    """
    selected = margin[margin >= 0]
    if not len(selected):
        return None
    values, counts = np.unique(selected, return_counts=True)
    remaining = len(selected) - np.cumsum(counts)
    index = int(np.abs(remaining - len(selected) / 2).argmin())
    following = values[index + 1] if index + 1 < len(values) else values[index] + 1
    return float((values[index] + following) / 2)


def drowning_noise(candidate: Candidate) -> float:
    """Return the standard deviation of the noise that moves the AUC halfway to 0.5.

    For a regression it halves the correlation of predictions and targets; so it would of several classes of which none
    is favourable.
    """
    if not isinstance(candidate.subject.scores, Classified) or not candidate.subject.scores.has_outcomes:
        return float(np.sqrt(3)) * candidate.spread
    every_nth = slice(None, None, -(-len(candidate.raw) // _MAX_AUC_ROWS))
    label = candidate.subject.scores.label[every_nth]
    scores = candidate.scores[every_nth]
    noise = candidate.noise[every_nth]

    def auc(deviation: float) -> float:
        return _auc(candidate.margin(scores + deviation * noise), label)

    target = (auc(0.0) + 0.5) / 2
    low = 0.0
    high = _MAX_NOISE * candidate.spread
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        too_weak = abs(auc(middle) - 0.5) > abs(target - 0.5)
        low, high = (middle, high) if too_weak else (low, middle)
    return high


def _auc(scores: np.ndarray, label: np.ndarray) -> float:
    """Return the share of pairs in which the favourable row scores higher, ties counted half (Mann and Whitney)."""
    from scipy.stats import rankdata

    favorable = int(label.sum())
    above = rankdata(scores)[label].sum() - favorable * (favorable + 1) / 2
    return float(above / (favorable * (len(label) - favorable)))
