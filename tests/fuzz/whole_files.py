"""One small table of people for every reader, as the files that it takes; names of cells that no message may show."""

from __future__ import annotations

import gzip
import io
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pyarrow import feather

from ..data.readers.forms import ROWS, frame, secrets, texts

_PIXELS = 8


class Whole(NamedTuple):
    """Bytes of the files of a table by their path below the folder, the path to open, and the file to damage."""

    files: dict[str, bytes]
    path: str
    damaged: str


def people() -> pd.DataFrame:
    """Return the table of all forms, with a group and a weight."""
    return frame().assign(group=["A", "B", "C"] * (ROWS // 3), weight=np.linspace(0.5, 1.5, ROWS).round(3))


SECRETS = secrets(people())


def _single(name: str, data: bytes) -> Whole:
    return Whole({name: data}, name, name)


def _text(name: str) -> Callable[[], Whole]:
    return lambda: _single(name, texts(people())[name])


def _parquet(table: pa.Table, compression: str = "zstd") -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, compression=compression, row_group_size=25)
    return stream.getvalue()


def _feather(version: int, compression: str) -> bytes:
    stream = io.BytesIO()
    table = pa.Table.from_pandas(people(), preserve_index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # version 1 is old, and people have it
        feather.write_feather(table, stream, compression if version == 2 else None, version=version)
    return stream.getvalue()


def _hive() -> Whole:
    table = people()
    files = {
        f"table/group={group}/part.parquet": _parquet(pa.Table.from_pandas(rows.drop(columns="group")))
        for group, rows in table.groupby("group")
    }
    return Whole(files, "table", "table/group=B/part.parquet")


def _npz(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, **{str(name): np.array(values.tolist()) for name, values in people().items()})
    return stream.getvalue()


def _images(count: int, kind: str) -> list[bytes]:
    random = np.random.default_rng(1)
    files = []
    for _ in range(count):
        stream = io.BytesIO()
        Image.fromarray(random.integers(0, 255, (_PIXELS, _PIXELS, 3), np.uint8)).save(stream, kind)
        files.append(stream.getvalue())
    return files


def _folder(kind: str, damaged: str) -> Callable[[], Whole]:
    def whole() -> Whole:
        names = [f"{row}.{kind}" for row in range(ROWS)]
        labels = people().assign(file=names).to_csv(index=False).encode()
        images = dict(zip((f"images/{name}" for name in names), _images(ROWS, kind), strict=True))
        return Whole({"images/labels.csv": labels, **images}, "images", f"images/{damaged}")

    return whole


def _columns_of_lists_and_images() -> pa.Table:
    table = pa.Table.from_pandas(people(), preserve_index=False)
    lists = np.random.default_rng(2).normal(size=(ROWS, 3)).tolist()
    return table.append_column("vector", pa.array(lists)).append_column("picture", [_images(ROWS, "png")])


def _records() -> bytes:
    """Return serialized examples as TFRecord files frame them."""
    from audit.frameworks.tensorflow_loader import tensorflow

    train = tensorflow().train
    stored = {
        "i": lambda value: train.Feature(int64_list=train.Int64List(value=[value])),
        "f": lambda value: train.Feature(float_list=train.FloatList(value=[value])),
        "O": lambda value: train.Feature(bytes_list=train.BytesList(value=[value.encode()])),
    }
    table = people()
    kinds = {name: table[name].dtype.kind for name in table}
    examples = [
        train.Example(
            features=train.Features(
                feature={str(name): stored[kinds[name]](value) for name, value in row.items()}
            )
        )
        for row in table.to_dict("records")
    ]
    return b"".join(_framed(example.SerializeToString(deterministic=True)) for example in examples)


def _framed(data: bytes) -> bytes:
    length = len(data).to_bytes(8, "little")
    return length + _masked_checksum(length) + data + _masked_checksum(data)


def _masked_checksum(data: bytes) -> bytes:
    """Return the masked CRC-32C of TFRecord, bit by bit after its polynomial."""
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0x82F63B78 if remainder & 1 else 0)
    checksum = remainder ^ 0xFFFFFFFF
    masked = (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    return masked.to_bytes(4, "little")


def _table() -> pa.Table:
    return pa.Table.from_pandas(people(), preserve_index=False)


READERS: dict[str, Callable[[], Whole]] = {
    **{name: _text(name) for name in texts(people())},
    "zstd.parquet": lambda: _single("zstd.parquet", _parquet(_table())),
    "plain.parquet": lambda: _single("plain.parquet", _parquet(_table(), "none")),
    "hive parquet": _hive,
    "lists and images.parquet": lambda: _single("lists.parquet", _parquet(_columns_of_lists_and_images())),
    "lz4.feather": lambda: _single("lz4.feather", _feather(2, "lz4")),
    "plain.feather": lambda: _single("plain.feather", _feather(2, "uncompressed")),
    "version 1.feather": lambda: _single("old.feather", _feather(1, "")),
    "compressed.npz": lambda: _single("compressed.npz", _npz(np.savez_compressed)),
    "stored.npz": lambda: _single("stored.npz", _npz(np.savez)),
    "plain.tfrecord": lambda: _single("plain.tfrecord", _records()),
    "gzip.tfrecord.gz": lambda: _single("gzip.tfrecord.gz", gzip.compress(_records(), mtime=0)),
    "png folder": _folder("png", "7.png"),
    "jpeg folder": _folder("jpeg", "7.jpeg"),
    "labels of a folder": _folder("png", "labels.csv"),
}
"""The whole files of every reader, by a name that the outcomes are counted under."""
