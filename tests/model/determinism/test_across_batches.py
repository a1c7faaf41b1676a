"""Rows of every batch are scored again, alone and among rows of other batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.cli import main
from audit.errors import AuditError
from audit.model.determinism.across_batches import BatchSample
from audit.model.model import Model, open_model
from audit.policy.model import ModelSpec

from ...audits import store
from ...models import save

ROWS = 4000
BATCH = 400
Score = Callable[[Any], Any]


def model_of(score: Score, folder: Path) -> Model:
    save(folder / "model", score, x=([None, 3], tf.float32))
    return open_model(ModelSpec(path="model"), folder / "model")


def table() -> np.ndarray:
    """Return rows of which the first batch is exempt; each later batch has rows that switch it."""
    x = np.random.default_rng(3).normal(size=(ROWS, 3)).astype(np.float32)
    x[:, 1] = np.arange(ROWS) >= BATCH
    x[:, 2] = np.arange(ROWS) % 15 == 0
    return x


def sampled(model: Model, x: np.ndarray, batch: int = BATCH) -> BatchSample:
    sample = BatchSample(model, len(x))
    hashes = np.random.default_rng(4).integers(0, 2**64, len(x), np.uint64)
    for first in range(0, len(x), batch):
        rows = slice(first, first + batch)
        tensors = {"x": tf.constant(x[rows])}
        sample.add(tensors, model(tensors), hashes[rows], first + 1)
    return sample


def switched(x: Any) -> Any:
    """Shifts the rows of later batches, unless one of the batch switches it off."""
    return tf.sigmoid(x[:, :1] + 3 * x[:, 1:2] * (1 - tf.reduce_max(x[:, 2])))


def centred(x: Any) -> Any:
    """Subtracts the mean of the batch from the rows of later batches."""
    return tf.sigmoid(x[:, :1] - x[:, 1:2] * tf.reduce_mean(x[:, :1]))


def preceding(x: Any) -> Any:
    return tf.sigmoid(x[:, :1] + 0.1 * x[:, 1:2] * tf.roll(x[:, :1], 1, 0))


@pytest.mark.parametrize("score", [switched, centred, preceding])
def test_neighbours_in_later_batches_are_found(tmp_path: Path, score: Score) -> None:
    model = model_of(score, tmp_path)
    with pytest.raises(AuditError) as caught:
        sampled(model, table()).require_row_wise()
    assert caught.value.expected == "the same score for the same row, alone or among others"
    words = caught.value.found.replace(",", "").replace(":", "").split()
    row, alone, among, size = int(words[1]), float(words[2]), float(words[4]), int(words[-1])
    start = (row - 1) // BATCH * BATCH
    assert row > BATCH and size == BATCH
    x = tf.constant(table())
    assert model({"x": x[row - 1 : row]})[0, 0] == pytest.approx(alone, 1e-5)
    assert model({"x": x[start : start + BATCH]})[row - 1 - start, 0] == pytest.approx(among, 1e-5)


def test_rows_that_differ_in_company_only_are_found(tmp_path: Path) -> None:
    """Rows of one later batch are a company; with rows of another they are not. Alone they score as in the audit."""

    def score(x: Any) -> Any:
        mixed = tf.cast(tf.reduce_max(x[:, 1]) > tf.reduce_min(x[:, 1]), tf.float32)
        return tf.sigmoid(x[:, :1] + 2 * mixed)

    x = table()
    x[:, 1] = np.arange(ROWS) // BATCH
    with pytest.raises(AuditError) as caught:
        sampled(model_of(score, tmp_path), x).require_row_wise()
    assert caught.value.expected == "the same score for the same row, in whichever batch and place"
    assert "in a batch of 100, " in caught.value.found and "in one of 400" in caught.value.found


def test_it_costs_a_twentieth_of_the_scoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(lambda x: tf.sigmoid(x[:, :1]), tmp_path)
    call = Model.__call__
    rows: list[int] = []

    def counted(self: Model, tensors: Any, first_row: int = 1) -> np.ndarray:
        rows.append(len(tensors["x"]))
        return call(self, tensors, first_row)

    sample = sampled(model, table())
    monkeypatch.setattr(Model, "__call__", counted)
    sample.require_row_wise()
    assert rows[:33] == [1] * 32 + [100] and sum(rows[33:]) == 100 and sum(rows) < 0.06 * ROWS


def test_the_sample_is_uniform_over_rows_and_batches(tmp_path: Path) -> None:
    model = model_of(lambda x: tf.sigmoid(x[:, :1]), tmp_path)
    x = table()
    hashes = np.zeros(ROWS, np.uint64)  # equal rows: each has a key of its own
    sample = BatchSample(model, ROWS)
    for first in range(0, ROWS, BATCH):
        tensors = {"x": tf.constant(x[first : first + BATCH])}
        sample.add(tensors, model(tensors), hashes[first : first + BATCH], first + 1)
    assert sample._sample is not None
    numbers = sample._sample.numbers
    assert len(set(numbers)) == 100 and set((numbers - 1) // BATCH) == set(range(10))
    np.testing.assert_array_equal(sample._sample.tensors["x"], x[numbers - 1])


def test_one_small_batch_has_been_compared_already(tmp_path: Path) -> None:
    sample = sampled(model_of(switched, tmp_path), table()[:BATCH])
    sample.require_row_wise()
    assert sample._sample is None


def test_an_audit_refuses_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A long text that the model does not read makes the batches of a CSV file small."""
    save(tmp_path / "model", switched, x=([None, 3], tf.float32))
    frame = pd.DataFrame(table()[:1600], columns=["a", "b", "c"])
    frame = frame.assign(label=(frame["a"] > 0).astype(int), note="x" * 3000)
    data = store(frame, tmp_path, "table.csv")
    options = ["--label", "label", "--out", str(tmp_path / "out"), "--quiet", "--only", "performance"]
    assert main(["run", "--model", str(tmp_path / "model"), "--data", str(data), *options]) == 2
    assert "the same score for the same row, alone or among others" in capsys.readouterr().err
