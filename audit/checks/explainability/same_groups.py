"""Which columns part the rows as a protected attribute does, whatever they are called."""

from __future__ import annotations

import numpy as np

_LEAST_ROWS = 50
"""Of fewer rows, two columns may agree by chance."""
_ROWS_A_VALUE = 10
"""A number with fewer rows a value may lie apart in a rare group by chance."""


def same_groups(values: np.ndarray, codes: np.ndarray, binned: bool) -> bool:
    """Tell whether a column's values name the groups of an attribute, or one of them.

    They do where values and groups are one to one, where the column has two values and one of them is that of
    exactly one group (a one-hot column), and where the column is a number that was cut into the groups.

    Args:
        values: the column, numbers or codes of texts, ``(rows,)``.
        codes: each row's group, ``(rows,)``.
        binned: whether the values are numbers and the groups are ranges of some number.
    """
    distinct, places = np.unique(values, return_inverse=True)
    present, groups = np.unique(codes, return_inverse=True)
    if len(values) < _LEAST_ROWS or min(len(distinct), len(present)) < 2:
        return False
    # each pair of a value and a group that occurs, in the order of values
    of_value, of_group = np.divmod(np.unique(places * len(present) + groups), len(present))
    one_value_a_group = len(of_value) == len(present)
    if one_value_a_group and len(distinct) == 2:
        return bool(np.bincount(of_value).min() == 1)
    one_group_a_value = len(of_value) == len(distinct)
    if one_group_a_value and one_value_a_group:
        return True
    changes = int(np.count_nonzero(np.diff(of_group)))
    often = len(distinct) * _ROWS_A_VALUE <= len(values)
    return binned and one_group_a_value and often and changes == len(present) - 1
