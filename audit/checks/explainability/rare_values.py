"""Values of a feature that a draw of rows or of reference rows is without."""

from typing import NamedTuple

import numpy as np

_MIN_ROWS_A_VALUE = 10
"""Rows a value from which on a column is discrete; values of a continuous one hardly ever repeat."""


class RareValues(NamedTuple):
    """Values of discrete features that a draw lacks, although the data or the background have them.

    ``unrepresented``, bool ``(rows, features)``: an explained row's value occurs in the background, but in no reference
    row. ``unseen``, bool ``(features,)``: a value of at least one in as many rows as are explained occurs in the
    data, but in no explained row and in no reference row.
    """

    unrepresented: np.ndarray
    unseen: np.ndarray


def find_rare_values(
    data: np.ndarray, background: np.ndarray, rows: np.ndarray, references: np.ndarray, features: int
) -> RareValues:
    """Compare the draws with what they are drawn from, ``(rows, numbers)`` each.

    Nothing is rare where features are not one number each, as in images.

    Args:
        data: features of the data.
        background: features of the background.
        rows: indices of the explained rows.
        references: indices of the reference rows.
        features: number of features.
    """
    unrepresented = np.zeros((len(rows), features), bool)
    unseen = np.zeros(features, bool)
    for place in range(features) if data.shape[1] == features else ():
        values, counts = np.unique(data[:, place], return_counts=True)
        if len(values) * _MIN_ROWS_A_VALUE > len(data):
            continue
        explained_values = data[rows, place]
        reference = np.unique(background[references, place])
        missing = np.setdiff1d(explained_values, reference)
        if len(missing):
            available = np.intersect1d(missing, background[:, place])
            unrepresented[:, place] = np.isin(explained_values, available)
        common = values[counts * len(rows) >= len(data)]
        unseen[place] = not np.isin(common, np.union1d(explained_values, reference)).all()
    return RareValues(unrepresented, unseen)
