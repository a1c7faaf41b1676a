"""Columns of rows whose drift is measured, and the groups that the rows belong to."""

from collections.abc import Sequence

import numpy as np

from audit.data.arrow_columns import Codes, nulls
from audit.data.protected_attributes import Attribute
from audit.inputs.feeds import Feed
from audit.result import Scalar
from audit.subject.batches import FeatureBatch, as_seen

Columns = dict[str, tuple[np.ndarray | Codes, np.ndarray]]
"""Values and nulls (bool) of each feature, by name."""


def feature_columns(feeds: Sequence[Feed], batch: FeatureBatch) -> Columns:
    """Return the features of a batch that drift is measured of: numbers and texts, no images."""
    columns: Columns = {}
    for feed, values in zip(feeds, batch.values, strict=True):
        stored = feed.reads if len(feed.reads) == len(values) else None
        for place, (name, column) in enumerate(zip(feed.columns, values, strict=False)):
            if not isinstance(column, Codes) and not (isinstance(column, np.ndarray) and column.ndim == 1):
                continue
            if not isinstance(column, Codes) and column.dtype.kind != "f":
                continue
            rows = len(column.codes) if isinstance(column, Codes) else len(column)
            null = np.zeros(rows, bool)
            if stored:
                null = nulls(batch.stored.column(stored[place]), numeric=not feed.is_text)
            columns.setdefault(name, (as_seen(feed, column), null))
    return columns


def decided(classes: np.ndarray, values: Sequence[Scalar]) -> Codes:
    """Return decisions as categories; those of a regression are whether it is favourable."""
    names = [str(value) for value in values] or ["unfavourable", "favourable"]
    return Codes(classes.astype(np.int32), names)


class GroupCounter:
    """Counts rows by bin and group: one pass for each protected attribute.

    Args:
        attributes: of the rows to be counted.
        groups: pairs of attribute and group, in the order of the counts.
    """

    def __init__(self, attributes: Sequence[Attribute], groups: Sequence[tuple[str, str]]) -> None:
        self._places = [(name, place) for place, (name, _) in enumerate(groups)]
        self._number = len(groups)
        self._codes: dict[str, np.ndarray] = {}
        for attribute in attributes:
            if places := {
                group: place for place, (name, group) in enumerate(groups) if name == attribute.name
            }:
                table = np.array([places.get(group, len(groups)) for group in attribute.groups], np.int64)
                self._codes[attribute.name] = table[attribute.codes]

    def take(self, rows: np.ndarray) -> "GroupCounter":
        """Return the counter of some of the rows, by their indices."""
        counter = GroupCounter([], [])
        counter._places, counter._number = self._places, self._number
        counter._codes = {name: codes[rows] for name, codes in self._codes.items()}
        return counter

    def count(self, numbers: np.ndarray, bins: int) -> np.ndarray:
        """Return the rows in each bin, of all rows and of each group: int64 ``(1 + groups, bins)``."""
        table = np.zeros((1 + self._number, bins), np.int64)
        table[0] = np.bincount(numbers, minlength=bins)
        cells = (self._number + 1) * bins
        for name, codes in self._codes.items():
            of_attribute = np.bincount(codes * bins + numbers, minlength=cells).reshape(-1, bins)
            places = [place for attribute, place in self._places if attribute == name]
            table[[1 + place for place in places]] = of_attribute[places]
        return table
