"""Borders of the batches that rows are computed in: the same for every backend, since they decide about last bits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RowRange:
    """Rows from ``start`` to before ``stop``, counted from 0."""

    start: int
    stop: int

    @property
    def slice(self) -> slice:
        """The rows as a slice."""
        return slice(self.start, self.stop)

    def __len__(self) -> int:
        return self.stop - self.start

    def __str__(self) -> str:
        return f"rows {self.start + 1:,} to {self.stop:,}"


def row_ranges(rows: int, batch_rows: int) -> list[RowRange]:
    """Return the batches of so many rows, of ``batch_rows`` each but for the last."""
    return [RowRange(start, min(start + batch_rows, rows)) for start in range(0, rows, batch_rows)]


def call_ranges(rows: int, rows_of_call: int | None) -> list[RowRange]:
    """Return the rows of each call of a function, all at once if there is no limit; without rows, a call of none.

    The result of a call of no rows has the right shape.
    """
    return row_ranges(rows, rows_of_call or max(1, rows)) or [RowRange(0, 0)]
