"""Reads a source whole, as an audit does in batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import tensors
from audit.data.readers.registry import open_source
from audit.data.source import BatchSize, Source


def read(path: Path | str, *columns: str, batch_size: BatchSize = Source.batch_size) -> pa.Table:
    source = open_source(str(path))
    source.batch_size = batch_size
    return pa.Table.from_batches(list(source.batches(columns or source.schema.names)))


def array(table: pa.Table, name: str) -> np.ndarray:
    """The tensors of a column over all batches."""
    return np.concatenate([tensors(chunk, name) for chunk in table[name].chunks])
