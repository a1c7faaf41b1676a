"""How far scores have to move to break a model by as much as a variant is meant to."""

from __future__ import annotations

import numpy as np

from audit.mutants.candidate import Candidate
from audit.subject.predictions import Classified

_MOST_ROWS = 20_000  # that an AUC is taken of: it is meant to be about halfway
_MOST_NOISE, _HALVINGS = 64.0, 30


def halving_shift(margin: np.ndarray) -> float | None:
    """Return by how much margins have to fall for half of those that are 0 or above to be below 0.

    Where many are equal, as near to half as their steps allow. None where none is 0 or above.
    """
    selected = margin[margin >= 0]
    if not len(selected):
        return None
    values, counts = np.unique(selected, return_counts=True)
    left = len(selected) - np.cumsum(counts)
    at = int(np.abs(left - len(selected) / 2).argmin())
    beyond = values[at + 1] if at + 1 < len(values) else values[at] + 1
    return float((values[at] + beyond) / 2)


def drowning_noise(candidate: Candidate) -> float:
    """Return the standard deviation of the noise that takes the AUC halfway to 0.5.

    Of a regression it is the one that halves the correlation with what it predicts.
    """
    if not isinstance(candidate.subject.scores, Classified):
        return float(np.sqrt(3)) * candidate.spread
    every = slice(None, None, -(-len(candidate.raw) // _MOST_ROWS))
    label, scores, noise = (
        part[every] for part in (candidate.subject.scores.label, candidate.scores, candidate.noise)
    )

    def auc(by: float) -> float:
        return _auc(candidate.margin(scores + by * noise), label)

    wanted, low, high = (auc(0.0) + 0.5) / 2, 0.0, _MOST_NOISE * candidate.spread
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        far = abs(auc(middle) - 0.5) > abs(wanted - 0.5)
        low, high = (middle, high) if far else (low, middle)
    return high


def _auc(scores: np.ndarray, label: np.ndarray) -> float:
    """Return the share of pairs in which the favourable row scores higher, ties counted half (Mann and Whitney)."""
    from scipy.stats import rankdata

    favorable = int(label.sum())
    above = rankdata(scores)[label].sum() - favorable * (favorable + 1) / 2
    return float(above / (favorable * (len(label) - favorable)))
