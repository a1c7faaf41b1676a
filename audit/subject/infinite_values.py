"""Counts of feature values that are infinite as the model gets them, by column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.errors import quote_list
from audit.inputs.feeds import Feed
from audit.inputs.finite import as_sent
from audit.subject.batches import FeatureBatch

_MAX_COLUMNS = 10


@dataclass
class _Count:
    """Rows of one column that are infinite, in the data or only in the input's type ``dtype``.

    ``first_row`` is the number of the first of them, from 1.
    """

    dtype: str
    first_row: int
    infinite: int = 0
    too_large: int = 0

    def __str__(self) -> str:
        kinds = {
            "infinite": self.infinite,
            f"infinite as {self.dtype}: too large for it": self.too_large,
        }
        parts = [f"{count:,} row{'s' * (count != 1)} ({kind})" for kind, count in kinds.items() if count]
        return f"in {', '.join(parts)}, first in row {self.first_row:,}"


class InfiniteValues:
    """Counts infinite values while the rows stream by; NaN cannot occur, since it is a null of the data.

    Args:
        feeds: feeds of the model's inputs; a column that several read counts once.
    """

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = feeds
        self._counts: dict[str, _Count] = {}

    def add(self, batch: FeatureBatch, first_row: int) -> None:
        """Count those of the next rows; ``first_row`` counts from 0."""
        columns = {
            name: (column, feed)
            for feed, numbers in zip(self._feeds, batch.values, strict=True)
            if not feed.is_text
            for name, column in zip(feed.columns, numbers, strict=True)
            if isinstance(column, np.ndarray) and column.dtype.kind == "f"
        }
        for name, (column, feed) in columns.items():
            self._count(name, column, feed, first_row)

    def _count(self, name: str, stored: np.ndarray, feed: Feed, first_row: int) -> None:
        axes = tuple(range(1, stored.ndim))
        infinite = np.isinf(as_sent(stored, feed)).any(axes)
        if not infinite.any():
            return
        count = self._counts.setdefault(name, _Count(feed.dtype.name, first_row + 1 + int(infinite.argmax())))
        inherent = int(np.isinf(stored).any(axes).sum())
        count.infinite += inherent
        count.too_large += int(infinite.sum()) - inherent

    def warnings(self) -> list[str]:
        """Return what is said at the top of the report."""
        if not self._counts:
            return []
        counts = sorted(self._counts.items())
        parts = [f"{name!r} {count}" for name, count in counts[:_MAX_COLUMNS]]
        others = [name for name, _ in counts[_MAX_COLUMNS:]]
        more = f"; and in {quote_list(others)}" if others else ""
        return [
            f"Feature values that are not finite: {'; '.join(parts)}{more}. "
            "These rows are scored and count in every metric of scores; attribution and attacks leave them out."
        ]
