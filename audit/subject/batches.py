"""Batches of features as a model's feeds read them, with a hash of each row as the model sees it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import NullValue
from audit.data.nulls import Missing
from audit.data.row_hashes import HashKey, row_hashes
from audit.data.source import Source
from audit.inputs.feeds import Feed, Values
from audit.inputs.finite import as_sent
from audit.subject.null_values import missing_values
from audit.subject.sources import columns_read

_Item = TypeVar("_Item")


class FeatureBatch(NamedTuple):
    """The values of each feed's columns, one uint64 a row over all of them, and the columns as the data store them."""

    values: list[list[Values]]
    hashes: np.ndarray
    stored: pa.RecordBatch

    def tensors(self, feeds: Sequence[Feed]) -> dict[str, Any]:
        """Return the model's inputs by name."""
        return {feed.name: feed.tensor(columns) for feed, columns in zip(feeds, self.values, strict=True)}


def feature_batches(
    feeds: Sequence[Feed], source: Source, missing: Missing, key: HashKey | None, others: Sequence[str] = ()
) -> Iterator[FeatureBatch]:
    """Yield the features of all rows, batch by batch; nulls are replaced as ``missing`` says.

    Without a ``key``, rows are not hashed. ``others`` are columns that are no features, to be stored as well.

    Raises:
        AuditError: a feature has a null that ``missing`` does not replace, or text where numbers are needed.
    """
    row = 1
    for batch in source.batches([*columns_read(feeds), *others]):
        values = feature_values(feeds, batch, row, source, missing)
        hashes = np.empty(0, np.uint64) if key is None else hashes_of(feeds, values, batch.num_rows, key)
        yield FeatureBatch(values, hashes, batch)
        row += batch.num_rows


def hashes_of(feeds: Sequence[Feed], values: Sequence[list[Values]], rows: int, key: HashKey) -> np.ndarray:
    """Return a hash of each row by the values of each feed's columns, as the model sees them: uint64 ``(rows,)``."""
    columns = (as_seen(feed, c) for feed, columns in zip(feeds, values, strict=True) for c in columns)
    return row_hashes(columns, rows, key)


def feature_values(
    feeds: Sequence[Feed], batch: pa.RecordBatch, first_row: int, source: Source, missing: Missing
) -> list[list[Values]]:
    """Return the values of each feed's columns in a batch of ``source``, whose first row has this number.

    Raises:
        AuditError: as `feature_batches`.
    """
    try:
        with source.locating():
            return [feed.read(batch, first_row, missing) for feed in feeds]
    except NullValue as null:
        raise missing_values(null, feeds, source, missing) from None


def prefetched(items: Iterator[_Item]) -> Iterator[_Item]:
    """Yield ``items`` in order, each computed while the one before is worked on; errors come in their turn."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, items, end)
        while (item := pending.result()) is not end:
            pending = pool.submit(next, items, end)
            yield item  # type: ignore[misc]  # the sentinel never gets here


def as_seen(feed: Feed, column: Values) -> Values:
    """Return single numbers in the precision of the model's input: rows that it cannot tell apart are equal."""
    is_number = isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind == "f"
    return as_sent(column, feed) if is_number else column  # type: ignore[arg-type]  # an array
