"""Batches of features as a model's feeds read them, with a hash of each row."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from audit.data.arrow_columns import NullValue
from audit.data.row_hashes import row_hashes
from audit.data.source import Source
from audit.inputs.feeds import Feed, Values
from audit.subject.sampling import missing_value
from audit.subject.sources import BoundModel, columns_read


class FeatureBatch(NamedTuple):
    """The values of each feed's columns, and one uint64 a row over all of them."""

    values: list[list[Values]]
    hashes: np.ndarray

    def tensors(self, feeds: Sequence[Feed]) -> dict[str, Any]:
        """Return the model's inputs by name."""
        return {feed.name: feed.tensor(columns) for feed, columns in zip(feeds, self.values, strict=True)}


def feature_batches(bound: BoundModel, source: Source) -> Iterator[FeatureBatch]:
    """Yield the features of all rows, batch by batch.

    Raises:
        AuditError: a feature has a null that ``data.missing`` does not replace, or text where numbers are needed.
    """
    row = 1
    for batch in source.batches(columns_read(bound.feeds)):
        try:
            values = [feed.read(batch, row, bound.policy.data.missing) for feed in bound.feeds]
        except NullValue as null:
            raise missing_value(null, source) from None
        columns = (column for columns in values for column in columns)
        yield FeatureBatch(values, row_hashes(columns, batch.num_rows))
        row += batch.num_rows
