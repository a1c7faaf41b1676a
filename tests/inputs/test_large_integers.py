"""Whole numbers of 2^53 or more, which 64-bit floats round: the model gets the very number, or the row is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

import audit
from audit.data.column_types import tensor_array
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey
from audit.errors import AuditError
from audit.inputs.feeds import Feed, vector
from audit.inputs.image_feeds import ImageFeed
from audit.subject.batches import feature_batches

from ..audits import content
from ..data.columns import WRITERS, npz
from ..data.readers.test_tfrecord import example, written
from ..models import save

Write = Callable[[list[int], Path], Path]


def _parquet(kind: pa.DataType) -> Write:
    def write(values: list[int], folder: Path) -> Path:
        plain = [Decimal(value) for value in values] if pa.types.is_decimal(kind) else values
        array = (
            pa.array(values, kind.value_type).dictionary_encode() if pa.types.is_dictionary(kind) else None
        )
        pq.write_table(
            pa.table({"k": pa.array(plain, kind) if array is None else array}), folder / "t.parquet"
        )
        return folder / "t.parquet"

    return write


def _floats(values: list[int], folder: Path) -> Path:
    pq.write_table(pa.table({"k": np.array(values, np.float64)}), folder / "t.parquet")
    return folder / "t.parquet"


def _feather(values: list[int], folder: Path) -> Path:
    pyarrow.feather.write_feather(pa.table({"k": pa.array(values, pa.int64())}), folder / "t.feather")
    return folder / "t.feather"


def _json_lines(values: Sequence[float], folder: Path) -> Path:
    (folder / "t.jsonl").write_text("".join(json.dumps({"k": value}) + "\n" for value in values))
    return folder / "t.jsonl"


def _npz(kind: type) -> Write:
    return lambda values, folder: npz({"k": np.array(values, kind)}, folder)


def _as_text(form: str) -> Write:
    return lambda values, folder: WRITERS[form]({"k": list(map(str, values))}, folder)


SINGLE: dict[str, Write] = {
    **{form: _as_text(form) for form in WRITERS},
    "parquet int64": _parquet(pa.int64()),
    "parquet uint64": _parquet(pa.uint64()),
    "parquet decimal128": _parquet(pa.decimal128(25, 0)),
    "parquet decimal with digits": _parquet(pa.decimal128(25, 2)),
    "parquet decimal256": _parquet(pa.decimal256(50, 0)),
    "parquet dictionary": _parquet(pa.dictionary(pa.int32(), pa.int64())),
    "parquet double": _floats,
    "feather": _feather,
    "json lines": _json_lines,
    "json lines with a fraction": lambda values, folder: _json_lines([*values, 0.0], folder),
    "npz int64": _npz(np.int64),
    "npz uint64": _npz(np.uint64),
    "tfrecord int64": lambda values, folder: WRITERS["tfrecord"]({"k": values}, folder),
}


def _pairs(values: list[int], kind: type = np.int64) -> np.ndarray:
    return np.stack([np.zeros(len(values), kind), np.array(values, kind)], 1)


def _tensors(kind: type) -> Write:
    def write(values: list[int], folder: Path) -> Path:
        pq.write_table(pa.table({"k": tensor_array(_pairs(values, kind))}), folder / "t.parquet")
        return folder / "t.parquet"

    return write


def _lists(values: list[int], folder: Path) -> Path:
    pq.write_table(pa.table({"k": pa.array(_pairs(values).tolist())}), folder / "t.parquet")
    return folder / "t.parquet"


ARRAYS: dict[str, Write] = {
    "npz int64": lambda values, folder: npz({"k": _pairs(values)}, folder),
    "npz uint64": lambda values, folder: npz({"k": _pairs(values, np.uint64)}, folder),
    "parquet lists": _lists,
    "parquet tensors": _tensors(np.int64),
    "parquet unsigned tensors": _tensors(np.uint64),
    "tfrecord": lambda values, folder: written(folder, [example(k=[0, value]) for value in values]),
}


def model_inputs(feed: Feed, file: Path) -> list[int]:
    """Return the numbers that the model gets, of arrays the second of each row."""
    (batch,) = feature_batches([feed], open_source(str(file)), {}, HashKey(0))
    numbers = batch.tensors([feed])["k"].numpy()
    return [int(number) for number in numbers.reshape(len(numbers), -1)[:, -1]]


EXACT = [1, 0, 2**53 - 1]
NEGATIVE = [-1, 1 - 2**53]
TOO_LARGE = [2**53, 2**53 + 1, 2**60 + 1, 2**63 - 7784, 2**63 - 1]
"""Rounded by a 64-bit float, the last one wraps to the least int64, and the second cannot be told from the first."""

TOO_LARGE_NEGATIVE = [-(2**53), -(2**53) - 1, 1 - 2**63, -(2**63)]
TOO_LARGE_UNSIGNED = [2**63, 2**64 - 1]


def require_refused(feed: Feed, write: Write, value: int, folder: Path) -> None:
    try:
        file = write([1, 2, value, 3], folder)
    except (OverflowError, pa.ArrowInvalid, ValueError):
        assert not 0 <= value < 2**63  # every format holds these
        return
    with pytest.raises(
        AuditError, match=r"row 3: data column 'k(\[1\])?'\n.*(\n.*)?(2\^53|beyond its range)"
    ):
        model_inputs(feed, file)


@pytest.mark.parametrize("dtype", [tf.int64, tf.uint64])
@pytest.mark.parametrize("form", SINGLE)
def test_a_number_is_exact(tmp_path: Path, form: str, dtype: tf.DType) -> None:
    values = EXACT + (NEGATIVE if dtype == tf.int64 and "uint64" not in form else [])
    assert (
        model_inputs(Feed("k", dtype, True, ["k"]), SINGLE[form](values, tmp_path))[: len(values)] == values
    )


@pytest.mark.parametrize("value", [*TOO_LARGE, *TOO_LARGE_NEGATIVE, *TOO_LARGE_UNSIGNED])
@pytest.mark.parametrize("form", SINGLE)
def test_a_number_or_its_row_is_refused(tmp_path: Path, form: str, value: int) -> None:
    for dtype in (tf.int64, tf.uint64):
        require_refused(Feed("k", dtype, True, ["k"]), SINGLE[form], value, tmp_path)


@pytest.mark.parametrize("form", ARRAYS)
def test_arrays_are_exact(tmp_path: Path, form: str) -> None:
    values = EXACT + ([] if "uint64" in form or "unsigned" in form else NEGATIVE)
    assert model_inputs(vector("k", tf.int64, "k", [2]), ARRAYS[form](values, tmp_path)) == values


@pytest.mark.parametrize("value", [*TOO_LARGE, *TOO_LARGE_NEGATIVE, *TOO_LARGE_UNSIGNED])
@pytest.mark.parametrize("form", ARRAYS)
def test_arrays_or_their_row_are_refused(tmp_path: Path, form: str, value: int) -> None:
    require_refused(vector("k", tf.int64, "k", [2]), ARRAYS[form], value, tmp_path)
    require_refused(vector("k", tf.uint64, "k", [2]), ARRAYS[form], value, tmp_path)


def test_pixels_are_refused(tmp_path: Path) -> None:
    images = np.full((4, 2, 2), 7)
    images[2, 1, 0] = 2**60 + 1
    feed = ImageFeed("k", tf.int64, False, ["k"], (2, 2), None)
    with pytest.raises(AuditError, match=r"row 3: data column 'k'"):
        model_inputs(feed, npz({"k": images}, tmp_path))


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1])
def test_a_replacement_is_refused(tmp_path: Path, value: int) -> None:
    source = open_source(str(_json_lines([1, 2, float("nan")], tmp_path)))
    feed = Feed("k", tf.int64, True, ["k"])
    with pytest.raises(AuditError, match="row 3"):
        list(feature_batches([feed], source, {"k": value}, HashKey(0)))


def test_floating_inputs_round_as_the_model_does(tmp_path: Path) -> None:
    """A server parses the same text to the same float: nothing is hidden."""
    file = SINGLE["csv"]([2**60 + 1], tmp_path)
    assert model_inputs(Feed("k", tf.float64, True, ["k"]), file) == [2**60]


def test_the_last_digit_cannot_hide_a_group(tmp_path: Path) -> None:
    """The model rejects every odd number; rounded to 512s, all of them were even and nobody was rejected."""
    random = np.random.default_rng(0)
    women = random.random(400) < 0.5
    frame = pd.DataFrame(
        {"a": random.normal(size=400), "k": 2**60 + 512 * random.integers(0, 2**40, 400) + women}
    )
    frame = frame.assign(sex=np.where(women, "Female", "Male"), label=(frame.a > 0).astype(int))
    frame.to_csv(tmp_path / "d.csv", index=False)
    save(
        tmp_path / "m",
        lambda a, k: tf.sigmoid(4 * a - 8 * tf.cast(k % 2, tf.float32)),
        a=([None], tf.float32),
        k=([None], tf.int64),
    )
    policy = content(tmp_path / "m", tmp_path / "d.csv", protected={"sex": {"privileged": "Male"}})
    with pytest.raises(AuditError, match=r"row 1: data column 'k'\n.*2\^53"):
        audit.run(policy)
