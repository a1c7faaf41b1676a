"""Source of TFRecord files of `tf.train.Example`: every feature is a column, in alphabetical order."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from audit.data.column_types import PEEKED_ROWS
from audit.data.readers.tf_example import Record, columns_of, schema_of
from audit.data.source import Source
from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow

_FRAME_BYTES = 16  # around each record: its length, and a checksum of both


class TFRecordSource(Source):
    """Files of examples; those whose names end in ``.gz`` are compressed.

    A feature has the type and length of its first value: one number or text a row, or a tensor of as many numbers.
    Features that an example lacks are nulls; those that none of the first examples has are no columns.
    """

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        self._sizes = {file: _size(file) for file in files}
        self.schema = schema_of(path, list(islice(self._records(), PEEKED_ROWS)))

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named features of ``rows`` examples at a time."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        records = self._records()
        while batch := list(islice(records, rows)):
            yield columns_of(batch, schema)

    def _records(self) -> Iterator[Record]:
        for file, size in self._sizes.items():
            yield from _read(file, size)


def _read(file: Path, size: int) -> Iterator[Record]:
    """Yield the records of a file of ``size`` bytes, uncompressed; their checksums are compared."""
    tf = tensorflow()
    number = bytes_read = 0
    try:
        dataset = tf.data.TFRecordDataset(str(file), "GZIP" if _is_compressed(file) else "")
        for number, data in enumerate(dataset.as_numpy_iterator(), 1):
            yield Record(file, number, data)
            bytes_read += _FRAME_BYTES + len(data)
    except tf.errors.OpError:
        raise _damaged(file, number + 1, "its checksum differs, or the file ends inside it") from None
    if bytes_read != size:  # TensorFlow takes an end inside a record's length for the end of the file
        raise _damaged(file, number + 1, "the file ends inside it")


def _size(file: Path) -> int:
    """Return the uncompressed size of a file in bytes."""
    if not _is_compressed(file):
        return file.stat().st_size
    try:
        with gzip.open(file) as stream:
            return sum(len(chunk) for chunk in iter(lambda: stream.read(2**20), b""))
    except (EOFError, OSError, zlib.error) as error:
        raise AuditError(
            where=str(file), expected="a whole gzip file", found=str(error), fix="export the file again"
        ) from error


def _is_compressed(file: Path) -> bool:
    return file.suffix.lower() == ".gz"


def _damaged(file: Path, number: int, problem: str) -> AuditError:
    return AuditError(
        where=f"{file}: record {number:,}",
        expected="a whole TFRecord file",
        found=problem,
        fix="export the file again",
    )
