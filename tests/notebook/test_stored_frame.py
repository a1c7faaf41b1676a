"""A DataFrame as a file: the same values, one file for one content, and an error for what it cannot hold."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.notebook.stored_frame import store_frame

FRAME = pd.DataFrame(
    {
        "age": [25.5, np.nan, 40.0],
        "rooms": [1, 2, 3],
        "sex": ["Male", None, "Female"],
        "job": pd.Categorical(["a", "b", "a"]),
        "owns": [True, False, True],
    }
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_file_holds_the_values_and_is_named_after_its_bytes(cache: Path) -> None:
    file = store_frame(FRAME, "data")
    assert file == cache / "frames" / f"{hashlib.sha256(file.read_bytes()).hexdigest()}.parquet"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    back = pd.read_parquet(file)
    pd.testing.assert_frame_equal(back, FRAME, check_categorical=False)
    assert pq.read_schema(file).pandas_metadata is None  # nothing of the session


def test_equal_frames_are_one_file_that_is_left_alone(cache: Path) -> None:
    file = store_frame(FRAME, "data")
    before = file.stat()
    shuffled = FRAME.set_axis([7, 3, 5])  # as of a part of a larger frame
    assert store_frame(shuffled, "data") == file and file.stat().st_ino == before.st_ino
    assert store_frame(FRAME.assign(rooms=[1, 2, 4]), "data") != file
    assert len(list((cache / "frames").iterdir())) == 2


def test_a_damaged_file_is_written_again() -> None:
    file = store_frame(FRAME, "data")
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert store_frame(FRAME, "data").read_bytes() == content


@given(st.lists(st.one_of(st.floats(allow_nan=False), st.none()), min_size=1, max_size=20))
def test_any_numbers_come_back(values: list[float | None]) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype="float64")})
    pd.testing.assert_frame_equal(pd.read_parquet(store_frame(frame, "data")), frame)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (FRAME.set_axis(FRAME["age"].fillna(0)), "index"),
        (FRAME.set_index("rooms"), "'rooms'"),
        (FRAME.set_axis(pd.date_range("2026-01-01", periods=3)), "datetime64"),
        (FRAME.set_axis(pd.MultiIndex.from_arrays([[1, 2, 3], [4, 5, 6]])), "index"),
        (FRAME.rename(columns={"age": 3}), "the names 3"),
        (FRAME.rename(columns={"age": "\ud800"}), "the names '\\ud800'"),
        (FRAME.rename(columns={"age": "sex"}), "'sex' more than once"),
        (FRAME.assign(job=[1, "a", 2.0]), "column 'job'"),
        (FRAME.assign(job=[1j, 2j, 3j]), "column 'job'"),
        (FRAME.assign(job=pd.Series([object()] * 3)), "column 'job'"),
        (FRAME.assign(job=pd.period_range("2026", periods=3, freq="M")), "column 'job'"),
        (FRAME.assign(job=pd.arrays.SparseArray([0, 0, 1])), "column 'job'"),
        (FRAME.assign(job=pd.Series([{}] * 3)), "column 'job'"),
    ],
)
def test_what_a_file_cannot_hold_is_one_error(frame: pd.DataFrame, words: str, cache: Path) -> None:
    with pytest.raises(AuditError) as caught:
        store_frame(frame, "audit.run: data")
    assert words in str(caught.value) and "audit.run: data" in caught.value.where and caught.value.fix
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_an_error(cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(AuditError, match="AUDIT_CACHE") as caught:
        store_frame(FRAME, "data")
    assert caught.value.where == str(cache / "frames")
