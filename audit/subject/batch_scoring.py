"""The model's raw outputs of single batches of rows, in this process or in another, which reads the rows itself."""

import glob
import hashlib
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from audit.data.nulls import Missing
from audit.data.readers.registry import open_source
from audit.data.readers.remote_files import is_remote
from audit.data.row_hashes import HashKey
from audit.data.source import BatchSize, Source
from audit.errors import AuditError
from audit.inputs.feeds import Feed
from audit.model.model import Model
from audit.policy.csv_spec import CsvSpec
from audit.subject.batches import FeatureBatch, feature_values, hashes_of
from audit.subject.sources import BoundModel, columns_read


class RowBatch(NamedTuple):
    """The batch ``number`` of a source, from 0: so many ``rows``, of which the first has the number ``first_row``.

    ``digest`` is that of the rows' features. ``tensors`` are the model's inputs; another process is not sent them, and
    reads them from the source.
    """

    number: int
    first_row: int
    rows: int
    digest: str
    tensors: Mapping[str, Any] | None = None

    def __reduce__(self) -> "tuple[type[RowBatch], tuple[int, int, int, str]]":
        return type(self), (self.number, self.first_row, self.rows, self.digest)

    def __str__(self) -> str:
        return f"rows {self.first_row:,} to {self.first_row + self.rows - 1:,}"


class DataPath(NamedTuple):
    """The arguments of `open_source`, and the size of the batches that rows are numbered by."""

    path: str
    folder: Path | None
    csv: CsvSpec
    batch_size: BatchSize

    def open(self) -> Source:
        """Return the rows."""
        source = open_source(self.path, self.folder, self.csv)
        source.batch_size = self.batch_size
        return source


class BatchScorer:
    """Maps a `RowBatch` to the model's raw outputs ``(rows, width)``.

    Args:
        model: the model.
        feeds: feeds of its inputs.
        missing: replacement of nulls.
        key: key of the rows' hashes, which digests are made of.
        data: where another process finds the rows.
        source: the rows; opened from ``data`` if None.
    """

    def __init__(
        self,
        model: Model,
        feeds: Sequence[Feed],
        missing: Missing,
        key: HashKey,
        data: DataPath,
        source: Source | None = None,
    ) -> None:
        self._model = model
        self._key = key
        self._feeds = feeds
        self._missing = missing
        self._data = data
        self._source = source or data.open()
        self._stored = _StoredBatches(self._source, columns_read(feeds))

    @classmethod
    def of(cls, bound: BoundModel, source: Source, key: HashKey) -> "BatchScorer":
        """Return the scorer of the audited data, ``source``."""
        spec = bound.policy.data
        data = DataPath(*_absolute(spec.path, bound.policy.folder), spec.csv, source.batch_size)
        return cls(bound.model, bound.feeds, spec.missing, key, data, source)

    def __reduce__(self) -> "tuple[type[BatchScorer], tuple[Any, ...]]":
        return type(self), (self._model, self._feeds, self._missing, self._key, self._data)

    def __call__(self, batch: RowBatch) -> np.ndarray:
        """Return the outputs.

        Raises:
            AuditError: the model fails on a row, or the rows cannot be read.
        """
        tensors = self._read(batch) if batch.tensors is None else batch.tensors
        with self._source.locating():
            return self._model(tensors, batch.first_row)

    def _read(self, batch: RowBatch) -> dict[str, Any]:
        stored = self._stored[batch.number]
        if stored is None:
            raise self._other_rows(batch)
        values = feature_values(self._feeds, stored, batch.first_row, self._source, self._missing)
        hashes = hashes_of(self._feeds, values, stored.num_rows, self._key)
        if rows_digest(hashes) != batch.digest:
            raise self._other_rows(batch)
        return FeatureBatch(values, hashes, stored).tensors(self._feeds)

    def _other_rows(self, batch: RowBatch) -> AuditError:
        return AuditError(
            where=f"{self._source.path}: {batch}",
            expected="the rows that the process that audits reads there",
            found="others, where a worker reads them",
            fix="give all machines the same files, and run the audit again",
        )


def rows_digest(hashes: np.ndarray) -> str:
    """Return a digest of rows by their hashes, in their order."""
    return hashlib.blake2b(hashes.tobytes(), digest_size=16).hexdigest()


def _absolute(path: str, folder: Path | None) -> tuple[str, Path]:
    """Return a path of a policy and its folder so that they lead to the same files from any directory."""
    folder = (folder or Path()).resolve()
    if path.startswith("aif360:") or is_remote(path) or glob.glob(path, root_dir=folder, recursive=True):
        return path, folder
    return str(Path(path).absolute()), folder


class _StoredBatches:
    """Batches of a source by number; the next ones are read on, earlier ones from the beginning."""

    def __init__(self, source: Source, columns: list[str]) -> None:
        self._source = source
        self._columns = columns
        self._lock = Lock()
        self._restart()

    def _restart(self) -> None:
        self._next = 0
        self._batches = self._source.batches(self._columns)

    def __getitem__(self, number: int) -> pa.RecordBatch | None:
        with self._lock:
            if number < self._next:
                self._restart()
            skipped, self._next = number - self._next, number + 1
            return next(islice(self._batches, skipped, None), None)
