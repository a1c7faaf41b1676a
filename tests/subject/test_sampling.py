"""The sampled rows: which they are, what they hold, and that the background speaks the same codes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from audit.check import policy_from
from audit.data.readers.registry import open_source
from audit.data.reservoir import Reservoir
from audit.errors import AuditError
from audit.inputs.features import Features, Rows
from audit.subject.subject import load_subject

from ..audits import content, store, subject
from ..conftest import Models

HOURS, STATUS = "hours_per_week", "marital_status"


def table(rows: int = 500, seed: int = 0, words: list[str] | None = None) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    status = random.choice(words or ["Single", "Married", "Widowed"], rows)
    return pd.DataFrame(
        {HOURS: random.integers(10, 70, rows) / 2, STATUS: status, "label": np.arange(rows) % 2}
    )


def sampled(
    model: Path, folder: Path, frame: pd.DataFrame, background: pd.DataFrame | None = None, seed: int = 0,
    **given: Any,
) -> Features:  # fmt: skip
    if background is not None:
        given["background"] = str(store(background, folder, "background.csv"))
    policy = content(model, store(frame, folder), favorable=1, **given)
    return load_subject(policy_from(policy), lambda *_: None, seed).features


def decoded(found: Features, rows: Rows) -> pd.DataFrame:
    """Return rows as the file has them."""
    columns = {}
    for column, values in zip(found.columns, rows.matrix.T, strict=True):
        words = column.vocabulary
        columns[column.name] = values if words is None else [words[int(code)] for code in values]
    return pd.DataFrame(columns, index=rows.index)


def same(found: pd.DataFrame, frame: pd.DataFrame) -> None:
    for column in (HOURS, STATUS):
        assert found[column].tolist() == frame[column].iloc[found.index].tolist()


def test_all_rows_in_file_order(model: Models, tmp_path: Path) -> None:
    frame = table()
    found = sampled(model("flat_columns"), tmp_path, frame)
    assert found.data.index.tolist() == list(range(500)) and found.data.matrix.dtype == np.float32
    same(decoded(found, found.data), frame)
    assert found.background.matrix.tolist() == found.data.matrix.tolist()
    assert found.columns[1].vocabulary == ["Married", "Single", "Widowed"]


@pytest.mark.parametrize("most", [1, 120, 499, 500])
def test_at_most_so_many_in_file_order(
    model: Models, tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.subject.sampling.MOST_ROWS", most)
    frame = table()
    found = sampled(model("flat_columns"), tmp_path, frame)
    assert len(found.data.index) == most and (np.diff(found.data.index) > 0).all()
    same(decoded(found, found.data), frame)
    assert set(found.columns[1].vocabulary or []) == set(frame[STATUS].iloc[found.data.index])


def test_the_draw_depends_on_the_seed_and_not_on_batches(
    model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a null that is filled, batches see their texts in unlike orders."""
    monkeypatch.setattr("audit.subject.sampling.MOST_ROWS", 150)
    frame = table(2000)
    frame.loc[7::13, STATUS] = None
    drawn = {}
    for rows in (256, 700, 65536):
        monkeypatch.setattr("audit.data.source.BATCH_ROWS", rows)
        drawn[rows] = sampled(model("flat_columns"), tmp_path, frame, missing={STATUS: "Unknown"})
    one, *others = drawn.values()
    for other in others:
        assert other.columns == one.columns
        np.testing.assert_array_equal(other.data.matrix, one.data.matrix)
        np.testing.assert_array_equal(other.data.index, one.data.index)
    again = sampled(model("flat_columns"), tmp_path, frame, seed=1, missing={STATUS: "Unknown"})
    assert again.data.index.tolist() != one.data.index.tolist()


def test_every_row_is_drawn_as_often() -> None:
    """Of 40 rows in batches of 1 to 13, 10 are drawn by each of 2,000 seeds."""
    counts = np.zeros(40)
    for seed in range(2000):
        drawn = Reservoir(10, seed)
        for batch in (13, 1, 5, 13, 8):
            slots, rows = drawn.take(batch)
            assert len(slots) == len(rows) and (rows < batch).all()
        counts[drawn.order()[1]] += 1
    assert counts.sum() == 20_000
    # Drawn without replacement, the counts vary less than the test assumes, which makes it lenient.
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_slots_hold_the_rows_that_the_draw_names() -> None:
    drawn, kept, start = Reservoir(7, 3), np.full(7, -1), 0
    for batch in (3, 2, 30, 0, 15):
        slots, rows = drawn.take(batch)
        kept[slots] = start + rows
        start += batch
    slots, rows = drawn.order()
    assert kept[slots].tolist() == rows.tolist() == sorted(kept.tolist())


def test_a_background_of_other_words(model: Models, tmp_path: Path) -> None:
    frame, other = table(), table(80, 1, ["Divorced", "Single"])
    found = sampled(model("flat_columns"), tmp_path, frame, other.drop(columns="label"))
    same(decoded(found, found.data), frame)
    same(decoded(found, found.background), other)
    assert found.columns[1].vocabulary == ["Divorced", "Married", "Single", "Widowed"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a column is missing": ({HOURS: ...}, "a column 'hours_per_week'"),
    "text among numbers": ({HOURS: "many"}, "numbers"),
    "no number": ({HOURS: None}, "a value in every row"),
    "no text": ({STATUS: None}, "a value in every row"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_background_that_does_not_fit_is_named(model: Models, tmp_path: Path, name: str) -> None:
    """The row is among those that are not drawn, too: whether an audit stops is no matter of luck."""
    changes, expected = BAD[name]
    other = table(80).astype(object)
    for column, value in changes.items():
        other.loc[50, column] = value
        other = other.drop(columns=column) if value is ... else other
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.subject.sampling.MOST_ROWS", 2)
        with pytest.raises(AuditError) as caught:
            sampled(model("flat_columns"), tmp_path, table(), other)
    assert "background.csv" in caught.value.where and expected in caught.value.expected


def test_the_row_is_named_beyond_the_first_batch(
    model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.data.source.BATCH_ROWS", 256)
    other = table(1000).astype(object)
    other.loc[700, HOURS] = "many"
    with pytest.raises(AuditError, match="'many' in row 701"):
        sampled(model("flat_columns"), tmp_path, table(), other)


@pytest.mark.parametrize(("exact", "dtype"), [(True, np.float32), (False, np.float64)])
def test_numbers_that_need_64_bits_keep_them(
    model: Models, tmp_path: Path, exact: bool, dtype: type[np.floating[Any]]
) -> None:
    """The model ``given`` reads float64: a third is another number in 32 bits, a half is not."""
    frame = pd.DataFrame({"score": np.arange(60) % 3 / (2 if exact else 3) / 2, "label": np.arange(60) % 2})
    spec = {"output": "probabilities", "inputs": {"x": ["score"]}}
    found = subject(content(model("given"), store(frame, tmp_path), spec=spec, favorable=1)).features
    assert found.data.matrix.dtype == dtype
    np.testing.assert_array_equal(found.data.matrix[:, 0], frame["score"])


def test_memory_is_that_of_the_sample(model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row has a text of its own: what is read is 60,000 of them, what is kept is 100."""
    monkeypatch.setattr("audit.subject.sampling.MOST_ROWS", 100)
    monkeypatch.setattr("audit.data.source.BATCH_ROWS", 1000)
    frame = table(60_000)
    frame[STATUS] = [f"{i:060d}" for i in range(len(frame))]
    found = subject(content(model("flat_columns"), store(frame, tmp_path), favorable=1))
    tracemalloc.start()
    features = found.features
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(features.columns[1].vocabulary or []) == 100
    assert peak < 1.5e6  # the texts of all rows alone take 7 MB, those of a batch 0.1


def test_the_background_is_read_as_often_as_needed(model: Models, tmp_path: Path) -> None:
    """The same file named twice is two sources with the same draw."""
    file = store(table(), tmp_path)
    found = subject(content(model("flat_columns"), file, favorable=1, background=str(file))).features
    np.testing.assert_array_equal(found.data.matrix, found.background.matrix)
    assert open_source(str(file)).schema.names == [HOURS, STATUS, "label"]
