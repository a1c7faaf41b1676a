"""Reads the features of sampled rows: drawn while the rows stream by, checked whether they are drawn or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import Codes, NullValue
from audit.data.reservoir import Reservoir
from audit.data.source import Source
from audit.errors import AuditError
from audit.inputs.features import MOST_ROWS, Column, Features, Rows, places, starts
from audit.inputs.feeds import Feed, Values
from audit.inputs.image_feeds import EncodedPictures, Pictures, other_size
from audit.result import Scalar
from audit.subject.vocabulary import Vocabulary

_MOST_NUMBERS = 2**25


def read_features(
    feeds: Sequence[Feed],
    data: Source,
    background: Source,
    missing: Mapping[str, Scalar],
    seed: int,
    size: int,
    *,
    numbers: int = _MOST_NUMBERS,
) -> Features:
    """Read the sampled rows.

    Args:
        feeds: what the signature's inputs are made of; a column that several read stands once.
        data: the audited rows.
        background: the reference rows; may be the same.
        missing: what stands for a null, by column.
        seed: of the draw.
        size: rows of the data, at most; of the background there are up to `MOST_ROWS`.
        numbers: how many a matrix holds, at most: of large pictures fewer rows are drawn.

    Raises:
        AuditError: a column is missing from the background, or has a null or text there.
    """
    reader = _Reader(feeds, missing, seed, numbers)
    draws = [(data, size), (background, MOST_ROWS)]
    same = background is data and size == MOST_ROWS
    found = [reader.read(*draw) for draw in (draws[:1] if same else draws)]
    columns = reader.columns([rows.matrix for rows in found])
    dtype = np.float32 if all(_fits(rows.matrix, feeds) for rows in found) else np.float64
    rows = [replace(rows, matrix=rows.matrix.astype(dtype)) for rows in found]
    return Features(columns, rows[0], rows[-1])


class _Reader:
    """Reads the distinct columns of all feeds; texts share one vocabulary over all sources."""

    def __init__(self, feeds: Sequence[Feed], missing: Mapping[str, Scalar], seed: int, numbers: int) -> None:
        self._feeds, self._missing, self._seed, self._most_numbers = feeds, missing, seed, numbers
        self._places = places(feeds)
        self._texts = {place: Vocabulary() for (_, is_text), place in self._places.items() if is_text}
        self._shapes: dict[int, tuple[int, ...]] = {}
        self._pictures = {
            self._places[feed.columns[0], False]: feed
            for feed in feeds
            if isinstance(feed, Pictures | EncodedPictures)
        }

    def read(self, source: Source, size: int) -> Rows:
        """Return up to ``size`` sampled rows, float64, or float32 with pictures."""
        drawn: Reservoir | None = None
        first_row, matrix, widths, lie = 1, np.empty((0, 0)), list[int](), list[int]()
        for batch in source.batches([name for feed in self._feeds for name in feed.reads]):
            found = dict(self._values(batch, source, first_row))
            if drawn is None:
                self._measure(found)
                size = self._most_rows(size)
                drawn = Reservoir(size, self._seed)
                matrix = np.empty((size, sum(self._widths())), self._dtype())
                widths = self._widths()
                lie = starts(widths)
            slots, rows = drawn.take(batch.num_rows)
            for place, values in found.items():
                begin, end = lie[place], lie[place] + widths[place]
                matrix[slots, begin:end] = self._numbers(place, values, rows)
            first_row += batch.num_rows
        assert drawn is not None  # a table without rows was refused before
        slots, index = drawn.order()
        return Rows(matrix[slots], index, drawn.keys(slots))

    def _measure(self, found: Mapping[int, Values]) -> None:
        """Take the shapes of pictures from the first row."""
        for place, feed in self._pictures.items():
            if place not in self._shapes:
                self._shapes[place] = feed.matrix(np.asarray(found[place])[:1]).shape[1:]

    def _widths(self) -> list[int]:
        return [prod(self._shapes.get(place, ())) for place in range(len(self._places))]

    def _most_rows(self, size: int) -> int:
        return max(1, min(size, self._most_numbers // sum(self._widths())))

    def _dtype(self) -> Any:
        single = all(feed.dtype.name != "float64" for feed in self._pictures.values())
        return np.float32 if self._pictures and single else np.float64

    def _numbers(self, place: int, values: Values, rows: np.ndarray) -> np.ndarray:
        if isinstance(values, Codes):
            return np.asarray(self._texts[place].codes(values, rows)[:, None])
        if place not in self._pictures:
            return np.asarray(values[rows][:, None])
        pictures = self._pictures[place].matrix(values[rows])
        if pictures.shape[1:] != self._shapes[place]:
            raise other_size(self._pictures[place].columns[0], self._shapes[place], pictures.shape[1:])
        return pictures.reshape(len(rows), -1)

    def columns(self, matrices: Sequence[np.ndarray]) -> list[Column]:
        """Return the columns; the codes in the matrices become those of the columns' vocabularies."""
        lie = starts(self._widths())
        found = {
            place: text.settle([m[:, lie[place]] for m in matrices]) for place, text in self._texts.items()
        }
        return [
            Column(name, found.get(place), self._shapes.get(place))
            for (name, _), place in self._places.items()
        ]

    def _values(self, batch: pa.RecordBatch, source: Source, first_row: int) -> Iterator[tuple[int, Values]]:
        """Yield the values of all rows of a batch by place: they are checked, whether they are drawn or not."""
        try:
            for feed in self._feeds:
                values = feed.read(batch, first_row, self._missing)
                yield from zip(
                    (self._places[name, feed.is_text] for name in feed.columns), values, strict=True
                )
        except NullValue as null:
            raise missing_value(null, source).within(str(source.path)) from null
        except AuditError as error:  # the background's columns have the names of the data's
            raise error.within(str(source.path)) from error


def missing_value(null: NullValue, source: Source) -> AuditError:
    """Return the error for a null that nothing stands for."""
    return AuditError(
        where=f"data column {null.column!r}",
        expected="a value in every row, since the model reads it",
        found=f"{source.count_nulls(null.column, null.numeric):,} rows without one",
        fix=f"say what the serving path sends for a null: data.missing: {{{null.column}: VALUE}}",
    )


def _fits(matrix: np.ndarray, feeds: Sequence[Feed]) -> bool:
    """Tell whether the model's inputs are the same when they come through 32-bit floats."""
    if matrix.dtype == np.float32:
        return True
    found = places(feeds)
    return all(
        _same(matrix[:, found[name, False]], feed.dtype.as_numpy_dtype)
        for feed in feeds
        if not feed.is_text and not isinstance(feed, Pictures | EncodedPictures)
        for name in feed.columns
    )


def _same(column: np.ndarray, dtype: Any) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):  # a rounded whole number may lie outside its type
        return np.array_equal(column.astype(dtype), column.astype(np.float32).astype(dtype))
