"""A score that is not the row's own is found, whatever makes it so; rounding is not taken for that."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.cli import main
from audit.errors import AuditError
from audit.model.model import Model, open_model
from audit.model.steady import require_steady
from audit.policy.model import ModelSpec

from ..audits import content, store, subject
from ..models import save

WIDTH = 4
WEIGHTS = np.random.default_rng(0).normal(size=(WIDTH, 3)).astype(np.float32)
Score = Callable[[Any], Any]


def logits(x: Any) -> Any:
    return tf.matmul(x, tf.constant(WEIGHTS))


def frame(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = dict(zip("abcd", rng.normal(size=(WIDTH, rows)).astype(np.float32), strict=True))
    return pd.DataFrame(columns).assign(label=np.arange(rows) % 3)


def audited(score: Score, folder: Path, rows: int = 200, batch: int | None = None) -> Any:
    """Score ``rows`` rows with the model that ``score`` is exported as."""
    save(folder / "model", score, x=([batch, WIDTH], tf.float32))
    return subject(content(folder / "model", store(frame(rows), folder), favorable=1))


def refused(score: Score, folder: Path, rows: int = 200, batch: int | None = None) -> AuditError:
    with pytest.raises(AuditError) as caught:
        audited(score, folder, rows, batch)
    return caught.value


def batch_normalized(x: Any) -> Any:
    """Batch normalization that was left in training mode."""
    mean, variance = tf.nn.moments(x, 0)
    return tf.nn.softmax(logits((x - mean) / tf.sqrt(variance + 1e-3)))


NEIGHBOURS: dict[str, Score] = {
    "batch normalization": batch_normalized,
    "the batch's mean": lambda x: tf.nn.softmax(logits(x) + [[0.02, 0.0, 0.0]] * tf.reduce_mean(x[:, 0])),
    "the batch's largest": lambda x: tf.nn.softmax(logits(x / tf.reduce_max(tf.abs(x)))),
    "the number of rows": lambda x: tf.nn.softmax(
        logits(x) * (1 + 0.002 * tf.cast(tf.shape(x)[0], tf.float32))
    ),
    "the row before": lambda x: tf.nn.softmax(logits(x + 0.1 * tf.roll(x, 1, 0))),
    "the place in the batch": lambda x: tf.nn.softmax(
        logits(x) + 0.01 * tf.cast(tf.range(tf.shape(x)[0]), tf.float32)[:, None] * [[1.0, 0.0, 0.0]]
    ),
}
CHANCE: dict[str, Score] = {
    "dropout": lambda x: tf.nn.softmax(logits(tf.nn.dropout(x, 0.1))),
    "sampling": lambda x: tf.nn.softmax(logits(x) + tf.random.normal([tf.shape(x)[0], 3], 0, 0.05)),
}


@pytest.mark.parametrize("rows", [3, 40, 200])
@pytest.mark.parametrize("case", list(NEIGHBOURS))
def test_neighbours_in_the_batch_are_found(tmp_path: Path, case: str, rows: int) -> None:
    if case == "the number of rows" and rows == 3:
        rows = 6
    error = refused(NEIGHBOURS[case], tmp_path, rows)
    assert error.expected == "the same score for the same row, alone or among others"
    assert " alone, " in error.found and f" in a batch of {min(rows, 64)}" in error.found
    assert "training=False" in error.fix


@pytest.mark.parametrize("case", list(CHANCE))
def test_chance_is_found(tmp_path: Path, case: str) -> None:
    error = refused(CHANCE[case], tmp_path)
    assert error.expected == "the same score for the same row, whenever it is scored"
    assert "in the same batch again (the graph draws random numbers: Random" in error.found


def test_numbers_that_are_drawn_alike_in_every_call_differ_by_place(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        return tf.nn.softmax(logits(x) + tf.random.stateless_normal([tf.shape(x)[0], 3], [1, 2]))

    assert "alone" in refused(score, tmp_path).found


def test_the_row_and_the_scores_are_those_of_the_signature(tmp_path: Path) -> None:
    """What the message says can be repeated by hand."""
    error = refused(batch_normalized, tmp_path, 40)
    words = error.found.replace(",", "").replace(":", "").split()
    row, column, alone, among = int(words[1]), int(words[3]), float(words[4]), float(words[6])
    function = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    x = frame(40)[list("abcd")].to_numpy()
    assert function(x=tf.constant(x[row - 1 : row]))["score"].numpy()[0, column - 1] == pytest.approx(
        alone, 1e-5
    )
    assert function(x=tf.constant(x))["score"].numpy()[row - 1, column - 1] == pytest.approx(among, 1e-5)


def test_a_fixed_batch_is_compared_with_other_neighbours(tmp_path: Path) -> None:
    audited(lambda x: tf.nn.softmax(logits(x)), tmp_path / "healthy", batch=8)
    assert "alone" in refused(batch_normalized, tmp_path / "other", batch=8).found


def test_a_model_that_fails_on_one_row_is_named(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_greater(tf.shape(x)[0], 1)]):
            return tf.nn.softmax(logits(x))

    assert "row 1 alone" in refused(score, tmp_path).expected


def test_the_exit_code_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "model", batch_normalized, x=([None, WIDTH], tf.float32))
    data = store(frame(100), tmp_path)
    given = ["--model", str(tmp_path / "model"), "--data", str(data), "--label", "label"]
    options = ["--set", "data.favorable=1", "--out", str(tmp_path / "out"), "--quiet"]
    assert main(["run", *given, *options]) == 2
    assert "alone or among others" in capsys.readouterr().err


def deep(dtype: Any, layers: int, units: int) -> Score:
    """A network whose sums come out in another order in a batch of another size."""
    rng = np.random.default_rng(1)
    sizes = [WIDTH] + [units] * layers + [3]
    weights = [rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32) for a, b in itertools.pairwise(sizes)]

    def score(x: Any) -> Any:
        h = tf.cast(x, dtype)
        for w in weights[:-1]:
            h = tf.nn.relu(tf.matmul(h, tf.cast(w, dtype)))
        return tf.nn.softmax(tf.cast(tf.matmul(h, tf.cast(weights[-1], dtype)), tf.float32))

    return score


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64], ids=lambda d: d.name)
@pytest.mark.parametrize(("layers", "units"), [(4, 256), (2, 1024)])
def test_rounding_is_no_dependence(tmp_path: Path, dtype: Any, layers: int, units: int) -> None:
    audited(deep(dtype, layers, units), tmp_path)


def changed_in_a_batch(share: float, dtype: Any) -> Score:
    """Scores that are drawn towards a third by a share of the way as soon as there are several rows."""

    def score(x: Any) -> Any:
        several = tf.cast(tf.shape(x)[0] > 1, tf.float64)
        exact = tf.nn.softmax(logits(tf.cast(tf.cast(x, dtype), tf.float32)))
        return tf.cast(exact, tf.float64) * (1 - share * several) + share * several / 3

    return score


ROUNDED = {tf.float32: 1e-5, tf.float16: 2e-3, tf.bfloat16: 1e-2}


@pytest.mark.parametrize("dtype", list(ROUNDED), ids=lambda d: d.name)
def test_what_the_coarsest_type_cannot_hold_is_rounding(tmp_path: Path, dtype: Any) -> None:
    audited(changed_in_a_batch(ROUNDED[dtype], dtype), tmp_path / "rounded")
    for beyond in (20, 100):
        share = min(ROUNDED[dtype] * beyond, 0.5)
        assert "alone" in refused(changed_in_a_batch(share, dtype), tmp_path / str(beyond)).found


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda d: d.name)
@pytest.mark.parametrize("case", ["dropout", "batch normalization"])
def test_training_mode_is_found_in_16_bits(tmp_path: Path, case: str, dtype: Any) -> None:
    made = {**NEIGHBOURS, **CHANCE}[case]
    refused(lambda x: made(tf.cast(tf.cast(x, dtype), tf.float32)), tmp_path)


def model_of(score: Score, folder: Path) -> Model:
    save(folder / "model", score, x=([None, WIDTH], tf.float32))
    return open_model(ModelSpec(path="model"), folder / "model")


def test_it_costs_few_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(lambda x: tf.nn.softmax(logits(x)), tmp_path)
    x = tf.constant(frame(5000)[list("abcd")].to_numpy())
    raw, calls, call = model({"x": x}), list[int](), Model.__call__

    def counted(self: Model, tensors: Any, first_row: int = 1) -> np.ndarray:
        calls.append(len(tensors["x"]))
        return call(self, tensors, first_row)

    monkeypatch.setattr(Model, "__call__", counted)
    require_steady(model, {"x": x}, raw)
    assert calls == [64, 64] + [1] * 16


def test_one_row_is_compared_with_itself(tmp_path: Path) -> None:
    model = model_of(batch_normalized, tmp_path)
    x = tf.ones([1, WIDTH])
    require_steady(model, {"x": x}, model({"x": x}))
    with pytest.raises(AuditError, match="in the same batch again"):
        noisy = model_of(CHANCE["sampling"], tmp_path / "noisy")
        require_steady(noisy, {"x": x}, noisy({"x": x}))
