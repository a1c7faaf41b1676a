"""A streamed copy of a table with one more column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from audit.data.readers.aif360 import AifSource
from audit.data.readers.csv import CsvSource
from audit.data.readers.parquet import ParquetSource
from audit.data.source import Source
from audit.mutants.mutant import CannotMutate


def with_column(source: Source, name: str, values: np.ndarray, folder: Path, stem: str) -> Path:
    """Write all rows of ``source`` and the column ``name`` into ``folder`` and return the file.

    Args:
        source: a table of CSV or Parquet files, or one of AIF360's; it is written in the same form, these as Parquet.
        name: name of the new column, which the table lacks.
        values: one a row; they are repeated for a longer table, and cut off for a shorter one.
        folder: the folder of the file.
        stem: the file's name without its suffix.

    Raises:
        CannotMutate: the data are of another form.
    """
    if not isinstance(source, CsvSource | ParquetSource | AifSource):
        raise CannotMutate(
            "the data are neither CSV nor Parquet files: they cannot be given the column that it reads"
        )
    is_csv = isinstance(source, CsvSource)
    open_writer = csv.CSVWriter if is_csv else pq.ParquetWriter
    file = folder / f"{stem}{'.csv' if is_csv else '.parquet'}"
    writer = None
    rows = 0
    for batch in source.read(source.schema.names, source.batch_size.rows):
        part = pa.array(np.take(values, np.arange(rows, rows + batch.num_rows), mode="wrap"))
        table = pa.Table.from_batches([batch]).append_column(name, part)
        writer = writer or open_writer(file, table.schema)
        writer.write_table(table)
        rows += batch.num_rows
    assert writer is not None  # a table without rows was refused before
    writer.close()
    return file
