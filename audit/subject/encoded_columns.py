"""Encoded columns of a table: one-hot groups, and whole numbers of few values, neither of which changes slightly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.inputs.features import Column, Features
from audit.inputs.one_hot import one_hot_groups

MOST_WHOLE_VALUES = 16
"""Values of a column that is a scale or a count, such as marks, months or years of schooling (16 in Adult).

Of measurements in whole units (ages, hours, amounts) tables hold more, and a fraction of a unit means something."""


class EncodedNames(NamedTuple):
    """`EncodedColumns` by their names."""

    groups: list[list[str]]
    whole_numbers: list[str]


@dataclass(frozen=True)
class EncodedColumns:
    """Columns of `Features` that stand for categories or steps.

    Attributes:
        groups: indices of the 0/1 columns that sum to one in every row, for each group.
        whole_numbers: indices of the columns whose values are all whole numbers, and few.
    """

    groups: list[list[int]]
    whole_numbers: list[int]

    def names(self, columns: Sequence[Column]) -> EncodedNames:
        """Return the names that ``columns`` have."""
        groups = [[columns[place].name for place in group] for group in self.groups]
        return EncodedNames(groups, [columns[place].name for place in self.whole_numbers])


def find_encoded_columns(features: Features) -> EncodedColumns:
    """Return the encoded columns, by all sampled rows of the data and of the background; none of an image."""
    columns = features.columns
    if any(column.shape is not None for column in columns):
        return EncodedColumns([], [])
    numeric = [place for place, column in enumerate(columns) if column.vocabulary is None]
    matrices = {id(rows): rows.matrix[:, numeric] for rows in (features.data, features.background)}
    groups = one_hot_groups(list(matrices.values()), [columns[place].name for place in numeric])
    groups = [[numeric[place] for place in group] for group in groups]
    grouped = {place for group in groups for place in group}
    whole_numbers = [
        column
        for place, column in enumerate(numeric)
        if column not in grouped
        and _is_scale(np.concatenate([matrix[:, place] for matrix in matrices.values()]))
    ]
    return EncodedColumns(groups, whole_numbers)


def _is_scale(values: np.ndarray) -> bool:
    """Return whether the finite values are whole numbers, few, and there twice on average."""
    left = values[np.isfinite(values)]
    rows = len(left)
    if not (left == np.rint(left)).all():
        return False
    distinct = 0
    while len(left) and distinct <= MOST_WHOLE_VALUES:
        left = left[left != left[0]]
        distinct += 1
    return 0 < distinct <= MOST_WHOLE_VALUES and 2 * distinct <= rows
