"""Two thousand damaged files a reader: rows, or one message that names the file and none of its values."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from audit.data.readers.registry import open_source
from audit.errors import AuditError

from .forms import frame, secrets, texts

FILES = 2000
BINARY = ["zstd.parquet", "plain.parquet", "lz4.feather", "plain.feather", "t.npz"]
_PIECES = [b'"', b",", b";", b"\n", b"\r", b"\0", b"\xff", b"{", b"}", b"'", b" ", b"\xef\xbb\xbf"]


def binary(name: str, folder: Path) -> bytes:
    table = frame()
    file = folder / f"whole-{name}"
    if name == "t.npz":
        columns = {str(column): table[column].tolist() for column in table}
        np.savez_compressed(file, allow_pickle=False, **{name: np.array(v) for name, v in columns.items()})
    elif name.endswith("parquet"):
        table.to_parquet(file, compression="zstd" if name.startswith("zstd") else None)
    else:
        table.to_feather(file, compression="lz4" if name.startswith("lz4") else "uncompressed")
    return file.read_bytes()


def damaged(whole: bytes, draw: random.Random) -> bytes:
    """Return the bytes with some flipped, replaced, removed, repeated, inserted or cut off."""
    data = bytearray(whole)
    for _ in range(draw.choice([1, 1, 2, 5])):
        start = draw.randrange(len(data))
        end = min(len(data), start + draw.choice([1, 1, 4, 30]))
        kind = draw.randrange(7)
        if kind == 0:
            data[start] ^= 1 << draw.randrange(8)
        elif kind == 1:
            data[start:end] = draw.randbytes(end - start)
        elif kind == 2:
            del data[start:end]
        elif kind == 3:
            data[start:start] = data[start:end]
        elif kind == 4:
            data[start:start] = draw.randbytes(end - start)
        elif kind == 5:
            data[start:end] = draw.choice(_PIECES)
        else:
            del data[start:]
        data = data or bytearray(b"x")
    return bytes(data)


@pytest.mark.parametrize("name", [*texts(frame()), *BINARY])
def test_no_other_outcome(tmp_path: Path, name: str) -> None:
    table = frame()
    whole = binary(name, tmp_path) if name in BINARY else texts(table)[name]
    hidden = secrets(table)
    draw = random.Random(name)
    file = tmp_path / name
    outcomes = {"rows": 0, "error": 0}
    for number in range(FILES):
        file.write_bytes(damaged(whole, draw))
        try:
            source = open_source(str(file))
            plain = [field.name for field in source.schema if not pa.types.is_nested(field.type)]
            assert sum(batch.num_rows for batch in source.batches(plain)) < 10**6
            outcomes["rows"] += 1
        except AuditError as error:
            assert name in error.where, (number, error)
            assert not [value for value in hidden if value in str(error)], (number, error)
            outcomes["error"] += 1
    assert min(outcomes.values()) >= 1 and sum(outcomes.values()) == FILES, outcomes
