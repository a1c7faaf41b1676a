"""At which thresholds the metrics of a decision are looked at, beside the one that is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.model.decision import Decider
from audit.subject.predictions import Classified, Regressed

_EVEN = np.arange(1, 20) / 20
_FEWEST = 10  # of the even thresholds, that shall lie among the scores
_DIGITS = 3


@dataclass(frozen=True)
class Grid:
    """Thresholds, rising; ``chosen`` is the index of the one that decides, ``levels`` how many each row reaches."""

    thresholds: np.ndarray
    chosen: int
    levels: np.ndarray


def grid(scores: Classified | Regressed, decider: Decider) -> Grid | None:
    """Return the thresholds for these scores; None where no single one decides (several classes).

    They are 0.05, 0.10, …, 0.95 for probabilities, and the scores' own 5 %, 10 %, …, 95 % quantiles, rounded to three
    digits of their span, for the predictions of a regression and for probabilities that crowd together.
    """
    if isinstance(scores, Classified):
        if len(scores.classes) > 2:
            return None
        given, chosen = scores.favorable, decider.threshold
        spread = _even_or_quantiles(given)
    else:
        if decider.at_least is None:
            return None
        given, chosen = scores.prediction, decider.at_least
        spread = _quantiles(given)
    thresholds = np.unique(np.append(spread, chosen))
    levels = decider.levels(given, thresholds, scores.dtype)
    return Grid(thresholds, int(np.searchsorted(thresholds, chosen)), levels)


def _even_or_quantiles(scores: np.ndarray) -> np.ndarray:
    low, high = np.quantile(scores, [0.01, 0.99])
    among = np.clip(_EVEN, low, high) == _EVEN
    return _EVEN if among.sum() >= _FEWEST else _quantiles(scores)


def _quantiles(scores: np.ndarray) -> np.ndarray:
    found = np.quantile(scores, _EVEN)
    span = float(found[-1] - found[0])
    return np.asarray(np.round(found, _DIGITS - int(np.ceil(np.log10(span))))) if span > 0 else found
