"""A few damaged files for every reader (`make fuzz` reads thousands), and every compressed file that is cut short."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from audit.errors import AuditError

from ..data.readers.forms import ROWS
from . import outcomes as in_children
from .outcomes import outcomes
from .reading import read
from .whole_files import READERS, SECRETS

FILES = 60
FEW = {"version 1.feather": 4, "png folder": 20, "jpeg folder": 20, "labels of a folder": 20}
"""Of readers that start a process, or read many files, for each one."""

SUITE = [name for name in READERS if name != "gzip.tfrecord.gz"]  # which would start TensorFlow once more

CUT = [
    *("gzip.csv.gz", "bz2.csv.bz2", "zstd.csv.zst", "compressed.csv", "lines.ndjson.gz"),
    *("zstd.parquet", "plain.parquet", "hive parquet", "lz4.feather", "plain.feather", "version 1.feather"),
    *("compressed.npz", "stored.npz"),
]


@pytest.mark.parametrize("name", SUITE)
def test_rows_or_one_message_that_names_the_file_and_no_value(tmp_path: Path, name: str) -> None:
    counts = outcomes(name, FEW.get(name, FILES), tmp_path / "files")
    assert set(counts) <= {"opened", "refused"}, counts
    assert counts["refused"]


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_is_cut_short_is_no_shorter_table(tmp_path: Path, name: str) -> None:
    whole = READERS[name]()
    for path, data in whole.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    data = whole.files[whole.damaged]
    for length in range(0, len(data), len(data) // FEW.get(name, 30)):
        (tmp_path / whole.damaged).write_bytes(data[:length])
        try:
            assert read(tmp_path / whole.path) == ROWS
        except AuditError as error:
            message = str(error)
            assert str(tmp_path) in error.where, message
            assert not [value for value in SECRETS if value in message]


def _misbehave(path: Path) -> int:
    """Do what a reader must not, by the number in the file."""
    number = int(path.read_bytes())
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 2:
        raise KeyError(number)
    if number == 3:
        signal.pause()
    if number == 4:
        raise AuditError(where=str(path), expected="", found=SECRETS[0])
    if number == 5:
        raise AuditError(where="a file", expected="", found="")
    return ROWS


def test_what_must_never_be_is_counted_and_the_other_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_children, "read", _misbehave)
    monkeypatch.setattr(in_children, "SECONDS", 1)
    monkeypatch.setattr(in_children, "damaged_file", lambda name, number, whole: str(number).encode())
    counts = outcomes("comma.csv", 7, tmp_path / "files")
    assert counts["opened"] == 2 and counts.total() == 7
    others = sorted(outcome for outcome in counts if outcome != "opened")
    expected = ["ended with -9", "KeyError", "ended with -14", "shows ", "no file is named"]
    assert all(words in outcome for words, outcome in zip(expected, others, strict=True)), others
