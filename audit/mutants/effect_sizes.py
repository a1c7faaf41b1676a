"""Effect sizes of mutations: the shift that halves a selection rate, the noise that halves an AUC's excess."""

from __future__ import annotations

import numpy as np

from audit.mutants.candidate import Candidate
from audit.subject.predictions import Classified

_MAX_AUC_ROWS = 20_000  # an approximate AUC will do
_MAX_NOISE = 64.0  # in standard deviations of the scores
_BISECTIONS = 30


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

    For a regression it halves the correlation of predictions and targets.
    """
    if not isinstance(candidate.subject.scores, Classified):
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
