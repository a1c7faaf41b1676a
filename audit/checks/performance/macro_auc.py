"""The mean of the one-vs-rest AUCs of several classes, with the influence of each row on it."""

from typing import NamedTuple

import numpy as np


class MacroAuc(NamedTuple):
    """The mean area, in [0, 1], and each row's influence on it, of mean 0 under the rows' weights."""

    value: float
    influence: np.ndarray


def macro_auc(code: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> MacroAuc:
    """Return the mean AUC over the classes that some rows have and others have not.

    The influence is the mean of DeLong's placement values of all classes, so that its variance holds their covariance.

    Args:
        code: true class of each row.
        probabilities: of each class, ``(rows, classes)``.
        weights: one a row.
    """
    areas = []
    influence = np.zeros(len(code))
    for index in np.unique(code):
        label = code == index
        if label.all() or not (weights[label].sum() > 0 and weights[~label].sum() > 0):
            continue
        placement = _placements(label, probabilities[:, index], weights)
        area = float(np.average(placement[label], weights=weights[label]))
        areas.append(area)
        for side in (label, ~label):
            influence[side] += (placement[side] - area) * weights.sum() / weights[side].sum()
    if not areas:
        return MacroAuc(float("nan"), influence)
    return MacroAuc(float(np.mean(areas)), influence / len(areas))


def _placements(label: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the share of the other side that each row is above (of the other label: below), ties half."""
    _, place = np.unique(score, return_inverse=True)
    shares = np.empty(len(label))
    for side in (label, ~label):
        others = np.bincount(place, weights * ~side)
        below = (np.cumsum(others) - others / 2.0) / others.sum()
        shares[side] = below[place[side]] if side is label else 1.0 - below[place[side]]
    return shares
