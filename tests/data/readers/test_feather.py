"""Feather files of both versions, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, ipc

from audit.data.source import BatchSize
from audit.errors import AuditError

from ..tables import read
from .forms import frame, secrets


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_the_rows_are_those_that_were_written(tmp_path: Path, compression: str) -> None:
    table = frame()
    feather.write_feather(table, tmp_path / "t.feather", compression=compression, chunksize=25)
    found = read(tmp_path / "t.feather", batch_size=BatchSize(rows=256))
    assert found.to_pandas().to_dict("list") == table.to_dict("list")
    assert read(tmp_path / "t.feather", "label", "who").column_names == ["label", "who"]


@pytest.mark.filterwarnings("ignore:Feather V1")
def test_version_1(tmp_path: Path) -> None:
    feather.write_feather(frame(), tmp_path / "t.feather", version=1)
    assert read(tmp_path / "t.feather").to_pandas().to_dict("list") == frame().to_dict("list")


def test_tensors_and_categories(tmp_path: Path) -> None:
    table = pa.table({"x": [[1.0, 2.0], [3.0, 4.0]], "g": pa.array(["a", "b"]).dictionary_encode()})
    with ipc.new_file(str(tmp_path / "t.feather"), table.schema) as writer:
        writer.write_table(table)
    found = read(tmp_path / "t.feather")
    assert found["x"].to_pylist() == [[1, 2], [3, 4]] and found["g"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize("cut", [10, 30, 500, 4000])
def test_a_damaged_file_is_named(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "t.feather"
    frame().to_feather(file)
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(AuditError, match=r"t\.feather") as caught:
        read(file)
    assert not [secret for secret in secrets(frame()) if secret in str(caught.value)]
