"""One column of spellings in every form that a reader takes, beside a label or a group that halves the rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Columns = Mapping[str, Any]


def _csv(columns: Columns, folder: Path, quoting: int) -> Path:
    file = folder / "table.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=quoting)  # type: ignore[arg-type]
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return file


def parquet(columns: Columns, folder: Path, kind: pa.DataType | None = None) -> Path:
    file = folder / "table.parquet"
    arrays = {
        name: values
        if isinstance(values, pa.Array)
        else pa.array(values, pa.string()).cast(kind or pa.string())
        for name, values in columns.items()
    }
    pq.write_table(pa.table(arrays), file)
    return file


def npz(columns: Columns, folder: Path, kind: str | None = None) -> Path:
    file = folder / "table.npz"
    arrays = {name: np.array(values) for name, values in columns.items()}
    if kind == "bytes":
        arrays = {name: np.char.encode(values, "utf-8") for name, values in arrays.items()}
    np.savez(file, allow_pickle=False, **arrays)
    return file


def tfrecord(columns: Columns, folder: Path) -> Path:
    import tensorflow as tf

    def feature(value: object) -> tf.train.Feature:
        if isinstance(value, str):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
        if isinstance(value, float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    file = folder / "table.tfrecord"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for row in zip(*columns.values(), strict=True):
            features = {name: feature(value) for name, value in zip(columns, row, strict=True)}
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return file


WRITERS: dict[str, Callable[[Columns, Path], Path]] = {
    "csv": lambda columns, folder: _csv(columns, folder, csv.QUOTE_MINIMAL),
    "quoted csv": lambda columns, folder: _csv(columns, folder, csv.QUOTE_ALL),
    "parquet": lambda columns, folder: parquet(columns, folder),
    "large strings": lambda columns, folder: parquet(columns, folder, pa.large_string()),
    "bytes": lambda columns, folder: parquet(columns, folder, pa.binary()),
    "categories": lambda columns, folder: parquet(columns, folder, pa.dictionary(pa.int32(), pa.string())),
    "npz": lambda columns, folder: npz(columns, folder),
    "npz of bytes": lambda columns, folder: npz(columns, folder, "bytes"),
    "tfrecord": lambda columns, folder: tfrecord(columns, folder),
}
