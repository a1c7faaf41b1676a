"""Features of sampled rows, read as the rows stream by; every row is validated, sampled or not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import Codes, NullValue
from audit.data.nulls import Missing
from audit.data.row_sample import KeyedRows, RowSample
from audit.data.source import Source
from audit.errors import AuditError, RowError
from audit.inputs.features import MOST_ROWS, Column, Features, Rows, places, starts
from audit.inputs.feeds import Feed, Values
from audit.inputs.image_feeds import ImageFeed, ImageFileFeed, other_size
from audit.subject.null_values import missing_values
from audit.subject.row_keys import RowKeys
from audit.subject.sources import Sources, columns_read

_MAX_VALUES = 2**25


def read_features(
    feeds: Sequence[Feed],
    sources: Sources,
    missing: Missing,
    keys: RowKeys,
    *,
    rows: int,
    max_values: int = _MAX_VALUES,
) -> Features:
    """Return the features of rows sampled from the data and from the background; every row is validated.

    Args:
        feeds: the feeds of the signature's inputs; a column that several read becomes one feature.
        sources: data and background, which may be the same.
        missing: replacement of nulls, by column.
        keys: random keys of the rows: the smallest ones are sampled, in their order.
        rows: maximal number of rows of the data; of the background there are up to `MOST_ROWS`.
        max_values: maximal number of values in a matrix: of large images fewer rows are drawn.

    Raises:
        AuditError: a column is missing from the background, or has a null or text there.
    """
    reader = _Reader(feeds, missing, max_values=max_values)
    samples = [reader.read(sources.data, keys.data, rows)]
    if sources.background is not sources.data or rows != MOST_ROWS:
        samples.append(reader.read(sources.background, keys.background, MOST_ROWS))
    columns = reader.columns([sample.matrix for sample in samples])
    dtype = np.float32 if all(_fits_float32(sample.matrix, feeds) for sample in samples) else np.float64
    samples = [replace(sample, matrix=sample.matrix.astype(dtype)) for sample in samples]
    return Features(columns, samples[0], samples[-1])


class _Reader:
    """Reads the distinct columns of all feeds; texts share one vocabulary over all sources."""

    def __init__(self, feeds: Sequence[Feed], missing: Missing, *, max_values: int) -> None:
        self._feeds = feeds
        self._missing = missing
        self._max_values = max_values
        self._places = places(feeds)
        self._texts = {place: _Vocabulary() for (_, is_text), place in self._places.items() if is_text}
        self._shapes: dict[int, tuple[int, ...]] = {}
        self._images = {
            self._places[feed.columns[0], False]: feed
            for feed in feeds
            if isinstance(feed, ImageFeed | ImageFileFeed)
        }

    def read(self, source: Source, keyed: KeyedRows, size: int) -> Rows:
        """Return up to ``size`` sampled rows, float64, or float32 with images."""
        sample: RowSample | None = None
        matrix = np.empty((0, 0))
        first_row = 1
        for batch in source.batches(columns_read(self._feeds)):
            values = dict(self._values(batch, source, first_row))
            if sample is None:
                shapes = {p: f.matrix(np.asarray(values[p])[:1]).shape[1:] for p, f in self._images.items()}
                self._shapes = shapes | self._shapes  # those of the first source's first row
                widths = self._widths()
                sample = keyed.sample(max(1, min(size, self._max_values // sum(widths))))
                matrix = np.empty((len(sample.index), sum(widths)), self._dtype())
            slots, rows = sample.within(first_row - 1, batch.num_rows)
            for place, start in enumerate(starts(self._widths())):
                block = self._block(place, values[place], rows)
                matrix[slots, start : start + block.shape[1]] = block
            first_row += batch.num_rows
        assert sample is not None  # a table without rows was refused before
        return Rows(matrix, sample.index, sample.keys)

    def _widths(self) -> list[int]:
        return [prod(self._shapes.get(place, ())) for place in range(len(self._places))]

    def _dtype(self) -> Any:
        single = all(feed.dtype.name != "float64" for feed in self._images.values())
        return np.float32 if self._images and single else np.float64

    def _block(self, place: int, values: Values, rows: np.ndarray) -> np.ndarray:
        """Return a column's part of the matrix, ``(rows, width)``."""
        if isinstance(values, Codes):
            return np.asarray(self._texts[place].codes(values, rows)[:, None])
        if place not in self._images:
            return np.asarray(values[rows][:, None])
        images = self._images[place].matrix(values[rows])
        if images.shape[1:] != self._shapes[place]:
            raise other_size(self._images[place].columns[0], self._shapes[place], images.shape[1:])
        return images.reshape(len(rows), -1)

    def columns(self, matrices: Sequence[np.ndarray]) -> list[Column]:
        """Return the columns; the codes in the matrices become those of the columns' vocabularies."""
        offsets = starts(self._widths())
        vocabularies = {
            place: builder.finish([matrix[:, offsets[place]] for matrix in matrices])
            for place, builder in self._texts.items()
        }
        return [
            Column(name, vocabularies.get(place), self._shapes.get(place))
            for (name, _), place in self._places.items()
        ]

    def _values(self, batch: pa.RecordBatch, source: Source, first_row: int) -> Iterator[tuple[int, Values]]:
        """Yield the values of all rows of a batch by place."""
        try:
            for feed in self._feeds:
                values = feed.read(batch, first_row, self._missing)
                yield from zip(
                    (self._places[name, feed.is_text] for name in feed.columns), values, strict=True
                )
        except NullValue as null:
            raise missing_values(null, self._feeds, source, self._missing).within(str(source.path)) from null
        except RowError as error:
            raise error.located(source.place(error.row)) from None
        except AuditError as error:  # the background's columns have the names of the data's
            raise error.within(str(source.path)) from error


class _Vocabulary:
    """The distinct texts of a column's sampled rows, over several sources, with one code for each."""

    def __init__(self) -> None:
        self._code_of: dict[str, int] = {}

    def codes(self, batch: Codes, rows: np.ndarray) -> np.ndarray:
        """Return the codes of some rows of a batch."""
        batch_codes = batch.codes[rows]
        lookup = np.zeros(len(batch.vocabulary), int)
        for code in np.flatnonzero(np.bincount(batch_codes, minlength=len(lookup))):
            lookup[code] = self._code_of.setdefault(batch.vocabulary[code], len(self._code_of))
        return np.asarray(lookup[batch_codes])

    def finish(self, columns: Sequence[np.ndarray]) -> list[str]:
        """Return the texts that occur in ``columns``, sorted, and replace the codes there by their ranks.

        Rows that were drawn for a while have left texts behind, in the order of batches.
        """
        texts = list(self._code_of)
        used = np.unique(np.concatenate(columns).astype(int))
        order = sorted(used, key=texts.__getitem__)
        ranks = np.zeros(len(texts), int)
        ranks[order] = np.arange(len(order))
        for column in columns:
            column[:] = ranks[column.astype(int)]
        return [texts[code] for code in order]


def _fits_float32(matrix: np.ndarray, feeds: Sequence[Feed]) -> bool:
    """Return whether the model's inputs are the same when they come through 32-bit floats."""
    if matrix.dtype == np.float32:
        return True
    place_of = places(feeds)
    return all(
        _is_equal_through_float32(matrix[:, place_of[name, False]], feed.dtype.as_numpy_dtype)
        for feed in feeds
        if not feed.is_text and not isinstance(feed, ImageFeed | ImageFileFeed)
        for name in feed.columns
    )


def _is_equal_through_float32(column: np.ndarray, dtype: Any) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):  # a rounded whole number may lie outside its type
        as_read = column.astype(dtype)
        return np.array_equal(as_read, column.astype(np.float32).astype(dtype), as_read.dtype.kind == "f")
