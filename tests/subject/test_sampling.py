"""The sampled rows: which they are, what they hold, and that the background speaks the same codes."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from audit.check import policy_from
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey, Repeats, row_keys
from audit.data.row_sample import KeyedRows
from audit.data.source import BatchSize, Source
from audit.errors import AuditError
from audit.inputs.features import MOST_ROWS, Features, Rows
from audit.subject.loading import load_subject
from audit.subject.sampling import read_features
from audit.subject.sources import Sources
from audit.subject.subject import Subject

from ..audits import content, store, subject
from ..conftest import Models

HOURS, STATUS = "hours_per_week", "marital_status"


def table(rows: int = 500, seed: int = 0, words: list[str] | None = None) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    status = random.choice(words or ["Single", "Married", "Widowed"], rows)
    return pd.DataFrame(
        {HOURS: random.integers(10, 70, rows) / 2, STATUS: status, "label": np.arange(rows) % 2}
    )


def loaded(
    model: Path, folder: Path, frame: pd.DataFrame, background: pd.DataFrame | None = None, seed: int = 0,
    **given: Any,
) -> Subject:  # fmt: skip
    if background is not None:
        given["background"] = str(store(background, folder, "background.csv"))
    policy = content(model, store(frame, folder), spec={"output": "probabilities"}, favorable=1, **given)
    return load_subject(policy_from(policy), lambda *_: None, seed)


def sampled(
    *table: Any, most: int = MOST_ROWS, batch_size: BatchSize = Source.batch_size, **given: Any
) -> Features:
    """Return what is drawn of what is `loaded` when at most so many rows are first asked for."""
    found = loaded(*table, **given)
    found.source.batch_size = found.background.batch_size = batch_size
    return replace(found, sample_rows=most).features


def in_little_room(found: Subject, numbers: int) -> Features:
    """Return what is drawn where a matrix may hold so many numbers."""
    sources = Sources(found.source, found.background)
    return read_features(found.feeds, sources, {}, found.keys, rows=MOST_ROWS, max_values=numbers)


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


def test_all_rows_in_the_order_of_their_keys(model: Models, tmp_path: Path) -> None:
    frame = table()
    found = sampled(model("flat_columns"), tmp_path, frame)
    assert sorted(found.data.index) == list(range(500)) and found.data.matrix.dtype == np.float32
    assert (np.diff(found.data.keys.astype(float)) > 0).all()
    same(decoded(found, found.data), frame)
    assert found.background.matrix.tolist() == found.data.matrix.tolist()
    assert found.columns[1].vocabulary == ["Married", "Single", "Widowed"]


def test_an_audit_draws_20_000_rows(model: Models, tmp_path: Path) -> None:
    frame = table(20_500)
    found = subject(content(model("flat_columns"), store(frame, tmp_path), favorable=1)).features
    assert len(found.data.index) == len(found.background.index) == 20_000
    same(decoded(found, found.data), frame)


@pytest.mark.parametrize("most", [1, 120, 499, 500])
def test_at_most_so_many(model: Models, tmp_path: Path, most: int) -> None:
    """Of the data: the background is as large as ever."""
    frame = table(words=[f"word {number}" for number in range(400)])
    background = frame.iloc[:50]
    found = sampled(model("flat_columns"), tmp_path, frame, background, most=most)
    assert len(found.data.index) == most == len(set(found.data.index))
    assert len(found.background.index) == 50
    same(decoded(found, found.data), frame)
    words = {*frame[STATUS].iloc[found.data.index], *background[STATUS]}
    assert set(found.columns[1].vocabulary or []) == words


@pytest.mark.parametrize("separate", [True, False])
def test_a_smaller_sample_is_part_of_a_larger_one_however_it_is_come_by(
    model: Models, tmp_path: Path, separate: bool
) -> None:
    """It is drawn at first, taken from a larger one, or drawn as a larger one of fewer rows still."""
    frame = table()
    given: dict[str, Any] = {"background": str(store(table(60, 1), tmp_path, "b.csv"))} if separate else {}
    whole = subject(content(model("flat_columns"), store(frame, tmp_path), favorable=1, **given))
    less, tiny = whole.sampled(120), replace(whole, sample_rows=7)
    first, grown = replace(whole, sample_rows=120), tiny.sampled(120)
    for other in (first, grown):
        assert other.features.data.index.tolist() == less.features.data.index.tolist()
        same(decoded(other.features, other.features.data), frame)
    same(decoded(less.features, less.features.data), frame)
    assert set(tiny.features.data.index) < set(less.features.data.index)
    for one in (less, first, grown, tiny):
        assert len(one.features.background.index) == (60 if separate else 500)
    assert len(less.features.data.index) == 120 and less.sampled(3).features.data.index.size == 3


def test_the_sample_that_there_is_stands_for_all_that_hold_the_same_rows(
    model: Models, tmp_path: Path
) -> None:
    whole = subject(content(model("flat_columns"), store(table(), tmp_path), favorable=1))
    assert all(whole.sampled(rows) is whole for rows in (500, MOST_ROWS, 10**12))
    less = whole.sampled(120)
    assert less.sampled(120) is less
    assert (
        less.predictor is whole.predictor
        and less.logits is whole.logits
        and less.image_column is whole.image_column
    )
    assert less.features.columns is whole.features.columns


def test_of_wide_rows_fewer_are_drawn(model: Models, tmp_path: Path) -> None:
    found = in_little_room(loaded(model("flat_columns"), tmp_path, table()), numbers=161)
    assert len(found.data.index) == len(found.background.index) == 80
    assert found.data.sample(90) is found.data


def test_the_draw_depends_on_the_seed_and_not_on_batches(model: Models, tmp_path: Path) -> None:
    """With a null that is filled, batches see their texts in unlike orders."""
    frame = table(2000)
    frame.loc[7::13, STATUS] = None
    given: dict[str, Any] = {"most": 150, "missing": {STATUS: "Unknown"}}
    one, *others = (
        sampled(model("flat_columns"), tmp_path, frame, batch_size=BatchSize(rows), **given)
        for rows in (256, 700, 65536)
    )
    for other in others:
        assert other.columns == one.columns
        np.testing.assert_array_equal(other.data.matrix, one.data.matrix)
        np.testing.assert_array_equal(other.data.index, one.data.index)
    again = sampled(model("flat_columns"), tmp_path, frame, seed=1, **given)
    assert len(one.data.index) == 150
    assert again.data.index.tolist() != one.data.index.tolist()


def test_every_row_is_drawn_as_often() -> None:
    """Of 40 rows, half of them equal and the others with hashes in a row, 10 are drawn by each of 2,000 seeds."""
    hashes = np.maximum(np.arange(40), 20).astype(np.uint64)
    counts = np.zeros(40)
    for seed in range(2000):
        drawn = KeyedRows(row_keys(hashes, Repeats.of(hashes), HashKey(seed))).sample(10)
        counts[drawn.index] += 1
    assert counts.sum() == 20_000
    # Drawn without replacement, the counts vary less than the test assumes, which makes it lenient.
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_slots_hold_the_rows_that_the_draw_names() -> None:
    keys = np.random.default_rng(0).integers(0, 2**64, 25, np.uint64)
    drawn, kept, start = KeyedRows(keys, np.arange(0, 50, 2)).sample(7), np.full(7, -1), 0
    for batch in (3, 2, 30, 0, 15):
        slots, rows = drawn.within(start, batch)
        kept[slots] = start + rows
        start += batch
    assert kept.tolist() == drawn.file_rows.tolist() == (2 * np.argsort(keys)[:7]).tolist()


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
    with pytest.raises(AuditError) as caught:
        in_little_room(loaded(model("flat_columns"), tmp_path, table(), other), numbers=4)
    assert "background.csv" in caught.value.where and expected in caught.value.expected


def test_the_row_is_named_beyond_the_first_batch(model: Models, tmp_path: Path) -> None:
    other = table(1000).astype(object)
    other.loc[700, HOURS] = "many"
    with pytest.raises(AuditError, match=r"background.csv: row 701: data column"):
        sampled(model("flat_columns"), tmp_path, table(), other, batch_size=BatchSize(rows=256))


@pytest.mark.parametrize(("exact", "dtype"), [(True, np.float32), (False, np.float64)])
def test_numbers_that_need_64_bits_keep_them(
    model: Models, tmp_path: Path, exact: bool, dtype: type[np.floating[Any]]
) -> None:
    """The model ``given`` reads float64: a third is another number in 32 bits, a half is not."""
    frame = pd.DataFrame({"score": np.arange(61) % 3 / (2 if exact else 3) / 2, "label": np.arange(61) % 2})
    spec = {"output": "probabilities", "inputs": {"x": ["score"]}}
    found = subject(content(model("given"), store(frame, tmp_path), spec=spec, favorable=1)).features
    assert found.data.matrix.dtype == dtype
    np.testing.assert_array_equal(found.data.matrix[:, 0], frame["score"].iloc[found.data.index])


def test_memory_is_that_of_the_sample(model: Models, tmp_path: Path) -> None:
    """Every row has a text of its own: what is read is 60,000 of them, what is kept is 100."""
    frame = table(60_000)
    frame[STATUS] = [f"{i:060d}" for i in range(len(frame))]
    few = str(store(frame.iloc[:20], tmp_path, "background.csv"))
    whole = subject(
        content(
            model("flat_columns"),
            store(frame, tmp_path),
            spec={"output": "probabilities"},
            favorable=1,
            background=few,
        )
    )
    found = replace(whole, sample_rows=100)
    found.source.batch_size = BatchSize(rows=1000)
    tracemalloc.start()
    features = found.features
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 100 <= len(features.columns[1].vocabulary or []) <= 120
    assert peak < 1.5e6  # the texts of all rows alone take 7 MB, those of a batch 0.1


def test_the_background_is_read_as_often_as_needed(model: Models, tmp_path: Path) -> None:
    """The same file named twice is two sources with the same rows."""
    file = store(table(), tmp_path)
    found = subject(content(model("flat_columns"), file, favorable=1, background=str(file))).features
    assert sorted(found.data.matrix.tolist()) == sorted(found.background.matrix.tolist())
    assert open_source(str(file)).schema.names == [HOURS, STATUS, "label"]
