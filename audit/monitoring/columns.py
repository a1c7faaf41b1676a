"""Columns of rows whose drift is measured, and the groups that the rows belong to."""

from collections.abc import Sequence

import numpy as np

from audit.data.arrow_columns import Codes, nulls
from audit.data.protected_attributes import Attribute
from audit.inputs.feeds import Feed
from audit.result import Scalar
from audit.subject.batches import FeatureBatch

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
            columns.setdefault(name, (column, null))
    return columns


def decided(classes: np.ndarray, values: Sequence[Scalar]) -> Codes:
    """Return decisions as categories; those of a regression are whether it is favourable."""
    names = [str(value) for value in values] or ["unfavourable", "favourable"]
    return Codes(classes.astype(np.int32), names)


def memberships(attributes: Sequence[Attribute], groups: Sequence[tuple[str, str]]) -> list[np.ndarray]:
    """Return the rows of each group, bool; none of a group that no row belongs to."""
    by_name = {attribute.name: attribute for attribute in attributes}
    members = []
    for name, group in groups:
        attribute = by_name[name]
        present = group in attribute.groups
        members.append(
            attribute.codes == attribute.groups.index(group)
            if present
            else np.zeros(len(attribute.codes), bool)
        )
    return members
