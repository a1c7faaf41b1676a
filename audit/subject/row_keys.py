"""Random keys of the audited rows and of the background's: the one place that all draws of rows follow.

A key is a hash of the seed, the row's audited values, and its number among equal rows. So no order of the file makes a
sample; values that are chosen against a known seed can (docs/limits.md).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

import numpy as np

from audit.data.arrow_columns import Codes
from audit.data.dataset import Dataset
from audit.data.labels import Targets
from audit.data.nulls import Missing
from audit.data.row_hashes import HashKey, Repeats, add_columns, row_keys
from audit.data.row_sample import KeyedRows
from audit.data.source import Source
from audit.errors import AuditError
from audit.inputs.feeds import Feed
from audit.subject.batches import feature_batches


class RowKeys:
    """Keys of both tables' rows, the same for candidate and baseline; the background's are computed on first use."""

    def __init__(self, data: KeyedRows, background: Callable[[], KeyedRows]) -> None:
        self.data = data
        self._background = background

    @cached_property
    def background(self) -> KeyedRows:
        """The background's rows."""
        return self._background()


def add_outcomes(hashes: np.ndarray, dataset: Dataset, protected: Collection[str], key: HashKey) -> None:
    """Add label and groups of the ``protected`` attributes to what ``hashes`` are of."""
    add_columns(hashes, list(_outcomes(dataset, protected)), key)


def _outcomes(dataset: Dataset, protected: Collection[str]) -> Iterator[np.ndarray | Codes]:
    labels = dataset.labels
    if isinstance(labels, Targets):
        yield labels.numbers
    else:
        yield Codes(labels.codes, [str(value) for value in labels.values])
    for attribute in sorted(dataset.attributes, key=lambda attribute: attribute.name):
        if attribute.name in protected:  # intersections follow from these
            yield Codes(attribute.codes, attribute.groups)


def audited_hashes(dataset: Dataset, outcomes: np.ndarray, key: HashKey) -> np.ndarray:
    """Return hashes of the rows by all that an audit reads: outcomes (their hashes), weight and cluster."""
    rest = [column for column in (dataset.weights, dataset.clusters) if column is not None]
    if not rest:
        return outcomes
    hashes = outcomes.copy()
    add_columns(hashes, rest, key)
    return hashes


def background_keys(feeds: Sequence[Feed], source: Source, missing: Missing, key: HashKey) -> KeyedRows:
    """Return the keys of the rows of a background table of its own, by their features.

    Raises:
        AuditError: a column has a null or text there.
    """
    try:
        hashes = np.concatenate([batch.hashes for batch in feature_batches(feeds, source, missing, key)])
    except AuditError as error:  # its columns have the names of the data's
        raise error.within(str(source.path)) from error
    return KeyedRows(row_keys(hashes, Repeats.of(hashes), key))
