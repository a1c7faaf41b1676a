"""Source of TFRecord files of `tf.train.Example`: every feature is a column, in alphabetical order."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.data.column_types import PEEKED_ROWS, is_tensor, resolve_column_type, scatter, tensor_array
from audit.data.source import Source
from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow

_FRAME_BYTES = 16  # around each record: its length, and a checksum of both
_STORED = {"int64_list": pa.int64(), "float_list": pa.float32(), "bytes_list": pa.binary()}


class TFRecordSource(Source):
    """Source of TFRecord files of `tf.train.Example`; those whose names end in ``.gz`` are compressed.

    A feature has the type and length of its first value: one number or text a row, or a tensor of as many numbers.
    Features that an example lacks are nulls; those that none of the first examples has are no columns.
    """

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        self._sizes = {file: _size(file) for file in files}
        self.schema = _schema_of(path, list(islice(self._records(), PEEKED_ROWS)))

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named features of ``rows`` examples at a time."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        records = self._records()
        while batch := list(islice(records, rows)):
            yield _columns_of(batch, schema)

    def _records(self) -> "Iterator[_Record]":
        for file, size in self._sizes.items():
            yield from _read(file, size)


def _read(file: Path, size: int) -> "Iterator[_Record]":
    """Yield the records of a file of ``size`` bytes, uncompressed; their checksums are compared."""
    tf = tensorflow()
    number = bytes_read = 0
    try:
        dataset = tf.data.TFRecordDataset(os.fsencode(file), "GZIP" if _is_compressed(file) else "")
        for number, data in enumerate(dataset.as_numpy_iterator(), 1):
            yield _Record(file, number, data)
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


@dataclass(frozen=True)
class _Record:
    """A serialized example, its file, and its number there, from 1."""

    file: Path
    number: int
    data: bytes

    @property
    def where(self) -> str:
        """File and number in words."""
        return f"{self.file}: record {self.number:,}"

    def features(self) -> dict[str, Any]:
        """Return the features by name, or raise an AuditError if the record is no example."""
        from google.protobuf.message import DecodeError

        try:
            return dict(tensorflow().train.Example.FromString(self.data).features.feature)
        except DecodeError:
            raise AuditError(where=self.where, expected="a tf.train.Example", found="other bytes") from None


def _schema_of(path: str, first: list[_Record]) -> pa.Schema:
    """Return the names and types of the features of the ``first`` records."""
    values: dict[str, list[Any]] = {}
    for record in first:
        for name, feature in record.features().items():
            if _values(feature):
                values.setdefault(name, []).append(feature)
    if not values:
        raise AuditError(
            where=path,
            expected="records of tf.train.Example with features",
            found=f"{len(first):,} records without any" if first else "no record",
        )
    return pa.schema([(name, _kind(values[name])) for name in sorted(values)])


def _columns_of(records: list[_Record], schema: pa.Schema) -> pa.RecordBatch:
    """Return the features of ``records`` in ``schema``; missing ones are nulls."""
    tf = tensorflow()
    types = {name: tf.as_dtype(_type_name(schema.field(name).type)) for name in schema.names}
    specs = {name: tf.io.RaggedFeature(kind, row_splits_dtype=tf.int64) for name, kind in types.items()}
    try:
        parsed = tf.io.parse_example([record.data for record in records], specs)
    except (tf.errors.OpError, UnicodeDecodeError):  # the latter where the message quotes bytes
        raise _wrong_record(records, schema) from None
    arrays = [_column(records, field, parsed[field.name]) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema.names)


def _column(records: list[_Record], field: pa.Field, ragged: Any) -> pa.Array:
    width = field.type.shape[0] if is_tensor(field.type) else 1
    lengths = ragged.row_lengths().numpy()
    values = ragged.values.numpy()
    present = lengths > 0
    differing = present & (lengths != width)
    if differing.any():
        index = int(differing.argmax())
        raise _wrong_feature(records[index], field.name, f"{width:,} values", f"{lengths[index]:,}")
    if is_tensor(field.type):
        return scatter(tensor_array(values.reshape(-1, width)), present)
    plain = pa.array(values) if _type_name(field.type) != "string" else pa.array(list(values), pa.binary())
    return scatter(plain, present)


def _kind(features: list[Any]) -> pa.DataType:
    stored = _STORED[features[0].WhichOneof("kind")]
    width = len(_values(features[0]))
    if pa.types.is_binary(stored):
        first = [value for feature in features for value in feature.bytes_list.value[:1]]
        return resolve_column_type(stored, pa.array(first, stored)) if width == 1 else pa.list_(stored)
    return stored if width == 1 else pa.fixed_shape_tensor(stored, [width])


def _values(feature: Any) -> Any:
    kind = feature.WhichOneof("kind")
    return getattr(feature, kind).value if kind else ()


def _type_name(kind: pa.DataType) -> str:
    """Return TensorFlow's name of the type of a column's values."""
    value = kind.value_type if is_tensor(kind) else kind
    return {pa.int64(): "int64", pa.float32(): "float32"}.get(value, "string")


def _wrong_record(records: list[_Record], schema: pa.Schema) -> AuditError:
    """Return the error for the first record that is no example, or has a feature of another type."""
    for record in records:
        for name, feature in record.features().items():
            kind = feature.WhichOneof("kind")
            if kind and name in schema.names:
                expected = _type_name(schema.field(name).type)
                stored = _type_name(_STORED[kind])
                if stored != expected:
                    return _wrong_feature(record, name, f"{expected} values", stored)
    return AuditError(where=records[0].where, expected="records of tf.train.Example", found="other bytes")


def _wrong_feature(record: _Record, name: str, expected: str, actual: str) -> AuditError:
    return AuditError(
        where=f"{record.where}: feature {name!r}",
        expected=f"{expected}, as in the first record that has it",
        found=actual,
        fix="bring the feature to one type and length in all records",
    )
