"""Rows of the data with another protected group: the attribute's columns are replaced, all others stay as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.data.protected_attributes import Attribute
from audit.inputs.features import Features, Rows
from audit.subject.subject import Subject

_UNKNOWN = -1


@dataclass(frozen=True)
class GroupValues:
    """An attribute's columns, and the values that they take in each of its groups.

    ``codes`` is the group of each sampled row, ``(rows,)``. ``places`` are indices of the columns in the matrix, and
    ``values`` has a line for each group, ``(groups, columns)``; ``present`` says which groups have a row to take it
    from, bool ``(groups,)``.
    """

    codes: np.ndarray
    places: list[int]
    values: np.ndarray
    present: np.ndarray


class ChangedRows(NamedTuple):
    """Indices of the rows that were changed, and their matrix ``(rows, columns)``."""

    rows: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True)
class GroupChanger:
    """Changes the group of sampled rows, of an attribute or of an intersection of several.

    ``codes`` is the group of each row, ``(rows,)``. ``parts`` are the attributes whose columns the model reads, and
    ``members`` the group of each part that a group is made of, ``(groups, parts)``.
    """

    attribute: Attribute
    codes: np.ndarray
    parts: list[GroupValues]
    members: np.ndarray

    @property
    def targets(self) -> list[int]:
        """Groups that rows can be changed to: those whose values sampled rows show."""
        return [group for group, members in enumerate(self.members) if self._is_known(members)]

    def _is_known(self, members: np.ndarray) -> bool:
        return all(
            code != _UNKNOWN and part.present[code] for part, code in zip(self.parts, members, strict=True)
        )

    def change(self, matrix: np.ndarray, group: int) -> ChangedRows:
        """Return the rows of a matrix whose columns differ in another group, with that group's values.

        Of an intersection, only the attributes that change are replaced: the age of a woman of 30 stays hers if she
        becomes a man of the same age group.
        """
        targets = list(zip(self.parts, self.members[group].tolist(), strict=True))
        differs = np.array([part.codes != code for part, code in targets])
        rows = np.flatnonzero(differs.any(0))
        changed = matrix[rows]
        for (part, code), differing in zip(targets, differs[:, rows], strict=True):
            changed[np.ix_(differing, part.places)] = part.values[code]
        return ChangedRows(rows, changed)


def group_changers(subject: Subject, protected: ProtectedColumns, rows: Rows) -> Iterator[GroupChanger]:
    """Yield the changer of each attribute and intersection of which the model reads a column.

    Args:
        subject: the model and the data.
        protected: the columns of each attribute.
        rows: sampled rows, whose group is to be changed. The groups' values are those of all rows of the features.
    """
    spec = subject.policy.data
    attributes = {attribute.name: attribute for attribute in subject.attributes}
    values = {
        name: _group_values(attributes[name], subject, protected, rows)
        for name in spec.protected
        if protected[name]
    }
    for name, attribute in attributes.items():
        names = [part for part in spec.named_intersections.get(name, [name]) if part in values]
        if names:
            members = _members(attribute, [attributes[part] for part in names])
            yield GroupChanger(attribute, attribute.codes[rows.index], [values[p] for p in names], members)


def _members(attribute: Attribute, parts: list[Attribute]) -> np.ndarray:
    """Return the group of each part in each group, ``(groups, parts)``; `_UNKNOWN` of a group without rows."""
    present, first = np.unique(attribute.codes, return_index=True)
    members = np.full((len(attribute.groups), len(parts)), _UNKNOWN)
    members[present] = np.stack([part.codes[first] for part in parts], axis=1)
    return members


def _group_values(
    attribute: Attribute, subject: Subject, protected: ProtectedColumns, rows: Rows
) -> GroupValues:
    features = subject.features
    data = features.data
    names = protected[attribute.name]
    places = [place for place, column in enumerate(features.columns) if column.name in names]
    is_binned = subject.policy.data.protected[attribute.name].bins is not None
    ordered = _finest_number(features, places) if is_binned else None
    weights = np.ones(len(data.index)) if subject.weights is None else subject.weights[data.index]
    codes = attribute.codes[data.index]
    values = np.zeros((len(attribute.groups), len(places)), data.matrix.dtype)
    present = np.bincount(codes, weights, len(values)) > 0
    for group in np.flatnonzero(present):
        inside = (codes == group) & (weights > 0)
        block = data.matrix[np.ix_(inside, places)]
        values[group] = typical_row(block, weights[inside], ordered)
    return GroupValues(attribute.codes[rows.index], places, values, present)


def _finest_number(features: Features, places: list[int]) -> int | None:
    """Return which of the columns is the number of most different values; None if all are texts."""
    numbers = [place for place, column in enumerate(places) if features.columns[column].vocabulary is None]
    return max(
        numbers, key=lambda place: len(np.unique(features.data.matrix[:, places[place]])), default=None
    )


def typical_row(block: np.ndarray, weights: np.ndarray, ordered: int | None) -> np.ndarray:
    """Return a row that stands for a group: one of its most frequent, where binned one in the middle.

    It is a row that occurs, so that columns that belong together, as of a one-hot encoding, stay consistent, whole
    numbers stay whole, and of several spellings of a value the most frequent is taken. Of equally frequent rows it is
    the first in the order of the columns' values.

    Args:
        block: the attribute's columns in the group's rows, ``(rows, columns)``.
        weights: positive weights of the rows.
        ordered: the column, a number, that was cut into bins: only rows with its (lower) median are considered.
    """
    if ordered is not None:
        in_middle = _is_median(block[:, ordered], weights)
        return typical_row(block[in_middle], weights[in_middle], None)
    ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in block.T], axis=1)
    _, first, kind = np.unique(ranks, axis=0, return_index=True, return_inverse=True)
    return np.asarray(block[first[np.bincount(kind.ravel(), weights).argmax()]])


def _is_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return which values are the lower weighted median, bool; NaN is the greatest value."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    median = values[order[np.searchsorted(cumulative, cumulative[-1] / 2)]]
    return np.asarray(np.isnan(values) if np.isnan(median) else values == median)
