"""Files are opened under any name that a file system takes: bytes that are no text, line breaks, marks of patterns."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ...fuzz.reading import read
from ...fuzz.whole_files import READERS
from .forms import ROWS

NAMES = [b"d\xff", b"a\nb", b"[1-2]*?", b'it\'s "x"']


@pytest.mark.parametrize("name", [name for name in READERS if "tfrecord" not in name])
def test_a_table_in_a_folder_of_any_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = READERS[name]()
    for folder in map(os.fsdecode, NAMES):
        for path, data in whole.files.items():
            (tmp_path / folder / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / path).write_bytes(data)
        monkeypatch.chdir(tmp_path / folder)
        assert read(Path(whole.path)) == ROWS


@pytest.mark.parametrize(
    "suffix", ["comma.csv", "gzip.csv.gz", "lines.jsonl", "zstd.parquet", "lz4.feather", "stored.npz"]
)
def test_files_of_any_names_in_a_folder(tmp_path: Path, suffix: str) -> None:
    data = READERS[suffix]().files[suffix]
    (tmp_path / "t").mkdir()
    for name in NAMES:
        (tmp_path / "t" / os.fsdecode(name + suffix.encode())).write_bytes(data)
    assert read(tmp_path / "t") == ROWS * len(NAMES)
