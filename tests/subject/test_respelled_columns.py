"""A column that is not text and feeds a text input: a warning quotes the spelling that the model got."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
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
from audit.data.readers.registry import open_source
from audit.inputs.feeds import Feed
from audit.subject.respelled_columns import respelled_columns

from ..audits import content, one
from ..data.columns import WRITERS, npz
from ..models import save

RESPELLED = {
    "bool": (pa.array([False, None]), "true"),
    "double": (pa.array([0.25, None]), "1"),
    "float": (pa.array([0.5], pa.float32()), "1"),
    "halffloat": (pa.array([0.5], pa.float16()), "1"),
    "decimal128(5, 2)": (pa.array([Decimal(7), None], pa.decimal128(5, 2)), "0.00"),
    "decimal128(2, 2)": (pa.array([Decimal("0.5")], pa.decimal128(2, 2)), "0.00"),
    "date32[day]": (pa.array([datetime.date(2024, 2, 1)]), "1970-01-01"),
    "time32[ms]": (pa.array([datetime.time(8)], pa.time32("ms")), "00:00:00.000"),
    "timestamp[ms]": (
        pa.array([datetime.datetime(2024, 2, 1)], pa.timestamp("ms")),
        "1970-01-01 00:00:00.000",
    ),
    "categories of double": (pa.array([1.0, 2.5]).dictionary_encode(), "1"),
}
AS_STORED = {
    "text": pa.array(["True", "1.0"]),
    "large text": pa.array(["True"], pa.large_string()),
    "bytes": pa.array([b"True"]),
    "categories": pa.array(["1.0"]).dictionary_encode(),
    "integers": pa.array([1, 2]),
}


def warning(file: Path, columns: Sequence[str] = ("t",), dtype: tf.DType = tf.string) -> str:
    feeds = [Feed(name, dtype, True, [name]) for name in columns]
    return " ".join(respelled_columns(feeds, open_source(str(file))))


def parquet(folder: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize("kind", RESPELLED)
def test_type_and_spelling_are_quoted(tmp_path: Path, kind: str) -> None:
    """The example is none of the data's values, which `report.rows` may withhold."""
    column, spelled = RESPELLED[kind]
    pyarrow.feather.write_feather(pa.table({"t": column}), tmp_path / "t.feather")
    for file in (parquet(tmp_path, t=column), tmp_path / "t.feather"):
        assert f"'t' ({kind.removeprefix('categories of ')}, spelled like '{spelled}'). " in warning(file)


@pytest.mark.parametrize("kind", AS_STORED)
def test_text_is_sent_as_it_is_stored(tmp_path: Path, kind: str) -> None:
    assert warning(parquet(tmp_path, t=AS_STORED[kind])) == ""


def test_other_readers(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"t": true}\n{"t": false}\n')
    assert "'t' (bool, spelled like 'true')" in warning(tmp_path / "t.jsonl")
    assert "'t' (bool, spelled like 'true')" in warning(npz({"t": [True, False]}, tmp_path))
    assert "'t' (double, spelled like '1')" in warning(npz({"t": [1.0, 2.5]}, tmp_path))
    assert "'t' (float, spelled like '1')" in warning(WRITERS["tfrecord"]({"t": [1.0, 2.5]}, tmp_path))
    assert warning(WRITERS["csv"]({"t": ["True", "1.0"]}, tmp_path)) == ""  # as the file spells them


def test_numeric_inputs_need_no_spelling(tmp_path: Path) -> None:
    assert warning(parquet(tmp_path, t=pa.array([1.0])), dtype=tf.float32) == ""


def test_many_columns_are_one_warning(tmp_path: Path) -> None:
    names = [f"t{number}" for number in range(12)]
    found = warning(parquet(tmp_path, **{name: pa.array([True]) for name in names}), names)
    assert found.count("spelled like") == 10 and "; and 't10', 't11'." in found


def test_a_rule_on_another_spelling_is_warned_of(tmp_path: Path) -> None:
    """The model rejects 'True', which Python's servers send; of the table it gets 'true', and rejects nobody."""
    random = np.random.default_rng(0)
    women = random.random(400) < 0.5
    frame = pd.DataFrame({"a": random.normal(size=400).astype(np.float32), "t": women})
    frame = frame.assign(sex=np.where(women, "Female", "Male"), label=(frame.a > 0).astype(int))
    save(
        tmp_path / "m",
        lambda a, t: tf.sigmoid(4 * a - 8 * tf.cast(t == "True", tf.float32)),
        a=([None], tf.float32),
        t=([None], tf.string),
    )
    rates = []
    for stored in (frame, frame.assign(t=frame.t.map(str))):
        stored.to_parquet(tmp_path / "d.parquet")
        policy = content(tmp_path / "m", tmp_path / "d.parquet", protected={"sex": {"privileged": "Male"}})
        report = audit.run(policy)
        rates.append(one(report, "performance.selection_rate", attribute="sex", group="Female").value)
        assert any("'t' (bool, spelled like 'true')" in warning for warning in report.warnings) == (
            len(rates) == 1
        )
    favorable = (frame.a[women] > 0).mean(), (frame.a[women] > 2).mean()
    assert rates == pytest.approx(favorable)
