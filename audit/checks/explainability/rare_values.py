"""Values of a feature that a draw of rows or of reference rows is without."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from audit.stats.group_rates import rates
from audit.stats.proportions import clopper_pearson

_MIN_ROWS_A_VALUE = 10
"""Rows a value from which on a column is discrete; values of a continuous one hardly ever repeat."""

_TAIL = 0.001
"""Probability that more rows than the greatest share have a value: little beside the error of any usual interval."""


class UnseenValue(NamedTuple):
    """A value of a feature that at least one in as many rows as are explained has, but neither draw.

    ``rows`` are the indices of the rows of the data with it. ``share`` is the sum of the greatest share of the data's
    rows that may have it, and that of the background's: the probability that a row and a reference row differ in it.
    """

    feature: int
    rows: np.ndarray
    share: float


class RareValues(NamedTuple):
    """Values of discrete features that a draw lacks, although the data or the background have them.

    ``unrepresented``, bool ``(rows, features)``: an explained row's value occurs in the background, but in no reference
    row. ``values`` are those that no row of either draw has. ``masses``, float64 ``(features,)``: the most that these
    values add to a feature's mean absolute SHAP value. ``unseen``, bool ``(features,)``: that of one is not known.
    ``additional_rows`` is the number of rows that the masses were measured on, which took ``evaluations`` of the model.
    """

    unrepresented: np.ndarray
    values: list[UnseenValue]
    masses: np.ndarray
    unseen: np.ndarray
    additional_rows: int = 0
    evaluations: int = 0

    def with_magnitudes(self, magnitudes: dict[int, np.ndarray], evaluations: int) -> "RareValues":
        """Return the rare values whose effect is known.

        Args:
            magnitudes: by row of the data, the absolute SHAP values of rows that have unseen values, ``(features,)``.
            evaluations: number of evaluations of the model that they took.
        """
        masses = np.zeros_like(self.masses)
        unseen = np.zeros_like(self.unseen)
        for value in self.values:
            known = [magnitudes[row][value.feature] for row in value.rows.tolist() if row in magnitudes]
            masses[value.feature] += value.share * max(known, default=0.0)
            unseen[value.feature] |= not known
        return self._replace(
            masses=masses, unseen=unseen, additional_rows=len(magnitudes), evaluations=evaluations
        )


def find_rare_values(
    data: np.ndarray,
    background: np.ndarray,
    rows: np.ndarray,
    references: np.ndarray,
    features: int,
    weights: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> RareValues:
    """Compare the draws with what they are drawn from, ``(rows, numbers)`` each.

    Nothing is rare where features are not one number each, as in images.

    Args:
        data: features of the data.
        background: features of the background.
        rows: indices of the explained rows.
        references: indices of the reference rows.
        features: number of features.
        weights: weights of the rows of the data.
        clusters: clusters of the rows of the data.
    """
    unrepresented = np.zeros((len(rows), features), bool)
    values: list[UnseenValue] = []
    for place in range(features) if data.shape[1] == features else ():
        column = _Codes.of(data[:, place], background[:, place])
        counts = np.bincount(column.data, minlength=column.number)
        if np.count_nonzero(counts) * _MIN_ROWS_A_VALUE > len(data):
            continue
        in_references = column.occurs(column.background[references])
        unrepresented[:, place] = (~in_references & column.occurs(column.background))[column.data[rows]]
        seen = in_references | column.occurs(column.data[rows])
        for code in np.flatnonzero((counts * len(rows) >= len(data)) & ~seen):
            share = _greatest_share(column.data == code, weights, clusters)
            share += _greatest_share(column.background == code)
            values.append(UnseenValue(place, np.flatnonzero(column.data == code), share))
    unseen = np.zeros(features, bool)
    unseen[[value.feature for value in values]] = True
    return RareValues(unrepresented, values, np.zeros(features), unseen)


class _Codes(NamedTuple):
    """A column of the data and of the background as codes of their values, of which NaN is one."""

    data: np.ndarray
    background: np.ndarray
    number: int

    @classmethod
    def of(cls, data: np.ndarray, background: np.ndarray) -> "_Codes":
        hashed = pa.array(
            np.concatenate([data, background])
        ).dictionary_encode()  # faster than sorting all rows
        values, rank = np.unique(np.asarray(hashed.dictionary), return_inverse=True)  # one zero and one NaN
        codes = rank[np.asarray(hashed.indices)]
        return cls(codes[: len(data)], codes[len(data) :], len(values))

    def occurs(self, codes: np.ndarray) -> np.ndarray:
        """Return which values some rows have, bool ``(number,)``."""
        return np.bincount(codes, minlength=self.number) > 0


def _greatest_share(
    event: np.ndarray, weights: np.ndarray | None = None, clusters: np.ndarray | None = None
) -> float:
    """Return the upper limit of a share of rows, which are a sample themselves: in it, a rare value is few rows."""
    of_rows = rates(event, np.zeros(len(event), np.int64), 1, weights, clusters)
    return float(clopper_pearson(of_rows.events, of_rows.trials, _TAIL).high[0])


def rows_to_explain(values: list[UnseenValue], rows_a_value: int, max_rows: int) -> np.ndarray:
    """Return rows of the data that have unseen values, int ``(rows,)``: first one of each, the most frequent before.

    Args:
        values: the unseen values.
        rows_a_value: number of rows of each value, if it has as many.
        max_rows: maximal number of rows in all.
    """
    ordered = sorted(values, key=lambda value: -value.share)
    turns = [value.rows[turn] for turn in range(rows_a_value) for value in ordered if turn < len(value.rows)]
    return np.array(list(dict.fromkeys(turns))[:max_rows], np.int64)
