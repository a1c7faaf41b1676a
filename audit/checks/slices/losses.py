"""What a row's mistake costs: an error of a classification, or the absolute error of a regression."""

import numpy as np

from audit.subject.predictions import Classified, Regressed


def row_losses(scores: Classified | Regressed) -> np.ndarray:
    """Return each row's loss, float64 ``(rows,)``: 1 for a wrong class, or the absolute error in the label's unit."""
    if isinstance(scores, Classified):
        return np.asarray(scores.code != scores.guess, np.float64)
    return np.asarray(np.abs(scores.prediction.astype(np.float64) - scores.target))
