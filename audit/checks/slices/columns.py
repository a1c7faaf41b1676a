"""Columns that slices are made of: values as codes, and the predicates on them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.data.protected_attributes import MISSING, Attribute
from audit.data.value_bins import ValueBins
from audit.inputs.features import Features, starts
from audit.inputs.image_feeds import ImageFeed, ImageFileFeed
from audit.subject.subject import Subject

_BINS = 40
"""Bins of a numeric column: a slice of 5 % of the rows is about two of them, wherever it begins."""
_COARSE_BINS = 20
"""Bins of a numeric column in pairs; runs of all its bins would make thousands of times as many."""
_COARSE_RUNS = (1, 2, 4, 8)
"""Lengths of runs of coarse bins."""
_MAX_CATEGORIES = 200
"""Categories of a column that may be slices: the most frequent ones."""


class CodeRun(NamedTuple):
    """A predicate on a column: its code is between ``first`` and ``last``, both included."""

    first: int
    last: int


@dataclass(frozen=True)
class SliceColumn:
    """A feature or a protected attribute: ``codes`` (int32, one a row) below ``size``, and predicates on them.

    ``runs`` are the predicates, int ``(predicates, 2)``: the first and the last code of each. ``paired`` are those that
    are combined with predicates of other columns. ``describe`` returns the values of a run as text.
    """

    name: str
    codes: np.ndarray
    size: int
    runs: np.ndarray
    paired: np.ndarray
    describe: Callable[[CodeRun], str]

    def rows_of(self, run: CodeRun) -> np.ndarray:
        """Return the rows that a predicate selects, bool ``(rows,)``."""
        return (self.codes >= run.first) & (self.codes <= run.last)


@dataclass(frozen=True)
class SlicedRows:
    """Rows to search, by their indices among the audited ones, and the columns that describe them."""

    index: np.ndarray
    columns: list[SliceColumn]


def sliced_rows(subject: Subject, min_rows: int) -> SlicedRows:
    """Return the sampled rows with the columns that a slice of ``min_rows`` rows of each half may be made of.

    Images are no columns: of a model that reads nothing else no features are read.
    """
    if all(isinstance(feed, ImageFeed | ImageFileFeed) for feed in subject.feeds):
        index = subject.keys.data.sample(subject.sample_rows).index
        columns = list(_attributes(subject, index))
    else:
        index = subject.features.data.index
        columns = [*_attributes(subject, index), *_features(subject.features, 2 * min_rows)]
    return SlicedRows(index, [column for column in columns if len(column.runs)])


def _attributes(subject: Subject, index: np.ndarray) -> Iterator[SliceColumn]:
    """Yield the protected attributes; intersections follow from these."""
    intersections = {"*".join(names) for names in subject.policy.data.intersections}
    for attribute in subject.attributes:
        if attribute.name not in intersections:
            yield _attribute(attribute, index)


def _attribute(attribute: Attribute, index: np.ndarray) -> SliceColumn:
    number = len(attribute.groups)
    return _categories(attribute.name, attribute.codes[index].astype(np.int32), number, attribute.groups)


def _categories(name: str, codes: np.ndarray, size: int, values: list[str]) -> SliceColumn:
    """Return a column of categories, whose predicates are its first codes, one for each of ``values``."""
    runs = np.repeat(np.arange(len(values)), 2).reshape(-1, 2)
    return SliceColumn(name, codes, size, runs, runs, lambda run: _visible(values[run.first]))


def _visible(value: str) -> str:
    """Return a value as text in a sentence, where spaces and nothing at all are not seen without quotes."""
    return value if value == value.strip() != "" else f"“{value}”"


def _features(features: Features, min_rows: int) -> Iterator[SliceColumn]:
    offsets = starts([column.width for column in features.columns])
    for column, start in zip(features.columns, offsets, strict=True):
        if column.shape is not None:
            continue
        values = features.data.matrix[:, start]
        if column.vocabulary is None:
            yield number_column(column.name, values)
        else:
            yield text_column(column.name, values.astype(np.int64), column.vocabulary, min_rows)


def number_column(name: str, values: np.ndarray) -> SliceColumn:
    """Return a column of numbers, NaN where missing: predicates are runs of bins, in pairs of coarse bins."""
    bins = ValueBins(values, _BINS)
    codes = bins.codes(values).astype(np.int32)
    counts = np.bincount(codes, minlength=bins.number + 1)
    missing = np.full((int(counts[-1] > 0), 2), bins.number)
    of_bins = _runs(np.arange(bins.number), bins.number, range(1, bins.number))
    of_coarse_bins = _runs(_coarse_starts(counts[:-1]), bins.number, _COARSE_RUNS)
    return SliceColumn(
        name,
        codes,
        bins.number + 1,
        np.concatenate([of_bins, missing]),
        np.concatenate([of_coarse_bins, missing]),
        lambda run: MISSING if run.first == bins.number else bins.text(*run),
    )


def _runs(starts: np.ndarray, end: int, lengths: Iterable[int]) -> np.ndarray:
    """Return the runs of parts that begin at ``starts``, of these numbers of parts, but not the one of all parts."""
    ends = np.append(starts, end)
    runs = [np.stack([ends[:-n], ends[n:] - 1], axis=1) for n in lengths if n < len(starts)]
    return np.concatenate([np.empty((0, 2), np.int64), *runs])


def _coarse_starts(counts: np.ndarray) -> np.ndarray:
    """Return the bins at which coarse bins begin, each of so many rows, or of one bin that has them alone."""
    full = counts.sum() / _COARSE_BINS
    starts = [0]
    rows = 0
    for code, count in enumerate(counts.tolist()):
        if rows and max(rows, count) >= full:
            starts.append(code)
            rows = 0
        rows += count
    return np.array(starts)


def text_column(name: str, codes: np.ndarray, vocabulary: list[str], min_rows: int) -> SliceColumn:
    """Return a column of texts, whose predicates are the frequent ones: those of at least ``min_rows`` rows."""
    counts = np.bincount(codes, minlength=len(vocabulary))
    order = np.argsort(-counts, kind="stable")[:_MAX_CATEGORIES]
    frequent = [int(code) for code in order if counts[code] >= min_rows]
    place = np.full(len(counts), len(frequent), np.int32)
    place[frequent] = np.arange(len(frequent))
    return _categories(name, place[codes], len(frequent) + 1, [vocabulary[code] for code in frequent])
