"""Reading of a table as an audit does before it scores: labels, groups and weights, every feature, hashes, digest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import Codes, NullValue, numbers, tensors, texts
from audit.data.column_types import is_bytes, is_number, is_single, is_tensor
from audit.data.dataset import read_dataset
from audit.data.image_decoding import decode
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey, row_hashes
from audit.data.source import Source
from audit.errors import AuditError
from audit.policy.model import DataSpec

SPEC = {"label": "label", "weight": "weight", "protected": {"group": {"privileged": "A"}}}


def read(path: Path) -> int:
    """Read all columns of the table at ``path`` and return the number of rows.

    Raises:
        AuditError: the table cannot be audited.
    """
    source = open_source(str(path))
    rows = read_dataset(DataSpec.model_validate({"path": str(path), **SPEC}), source, "auto").rows
    features = [field for field in source.schema if not pa.types.is_nested(field.type)]
    first_row = 1
    for batch in source.batches([field.name for field in features]):
        with source.locating():
            columns = [_values(source, batch, field, first_row) for field in features]
        row_hashes([column for column in columns if column is not None], batch.num_rows, HashKey(0))
        first_row += batch.num_rows
    assert first_row - 1 == rows
    source.digest()
    return rows


def _values(
    source: Source, batch: pa.RecordBatch, field: pa.Field, first_row: int
) -> np.ndarray | Codes | None:
    column = batch.column(field.name)
    try:
        if is_tensor(field.type):
            return tensors(column, field.name).astype(np.float64).reshape(len(column), -1)
        if is_bytes(field.type):
            return _pixels(column, field.name, first_row)
        if is_number(field.type):
            return numbers(column, field.name, first_row)
        return texts(column, field.name) if is_single(field.type) else None
    except NullValue as null:
        count = source.count_nulls(null.column, null.numeric)
        raise AuditError(
            where=source.path, expected="a value in every row", found=f"{count:,} nulls"
        ) from None


def _pixels(column: pa.Array, name: str, first_row: int) -> None:
    for row, data in enumerate(column.to_pylist(), first_row):
        if data is None:
            raise NullValue(name, numeric=False)
        try:
            decode(data, 3, name)
        except AuditError as error:
            raise error.in_row(row) from None
