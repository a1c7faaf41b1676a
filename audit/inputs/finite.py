"""Which feature values are finite once they have the type of the model's input."""

from collections.abc import Sequence

import numpy as np

from audit.inputs.features import Column, Features, Rows, places, starts
from audit.inputs.feeds import Feed


def as_sent(values: np.ndarray, feed: Feed) -> np.ndarray:
    """Return numbers in the floating-point type of the feed's input: 1e39 is infinite in 32 bits."""
    if not feed.dtype.is_floating:
        return values
    dtype = np.float32 if feed.dtype.name == "bfloat16" else feed.dtype.as_numpy_dtype
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(dtype)


def infinite_rows(matrix: np.ndarray, feeds: Sequence[Feed], columns: Sequence[Column]) -> np.ndarray:
    """Return which rows of a matrix of features reach the model with an infinite value, bool ``(rows,)``.

    NaN is none: it is a null of the data, which ``data.missing`` replaces by a finite number.
    """
    offsets = starts([column.width for column in columns])
    place_of = places(feeds)
    infinite = np.zeros(len(matrix), bool)
    for feed in feeds:
        for name in () if feed.is_text else feed.columns:
            place = place_of[name, False]
            block = matrix[:, offsets[place] : offsets[place] + columns[place].width]
            infinite |= np.isinf(as_sent(block, feed)).any(1)
    return infinite


def without_infinite(features: Features, feeds: Sequence[Feed]) -> Features:
    """Return the features without the sampled rows of the data that have an infinite value.

    The background keeps them, since spread and range are those of its finite values column by column; where no row
    of the data is finite, all stay.
    """
    data = features.data
    finite = ~infinite_rows(data.matrix, feeds, features.columns)
    if finite.all() or not finite.any():
        return features
    rows = Rows(data.matrix[finite], data.index[finite], data.keys[finite])
    return Features(features.columns, rows, features.background, int((~finite).sum()))
