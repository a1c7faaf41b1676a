"""Scores that follow from the number of rows by a comparison are found in the graph, whatever sizes are tried."""

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
from audit.model.batch_size.dependence import require_no_size_comparison, size_comparison
from audit.model.model import Model, open_model
from audit.policy.model import ModelSpec

from ...audits import store
from ...models import save
from .sizes import SIZES, TURNS, Size, Turn

WIDTH = 4


def turning(size: Size, turn: Turn) -> Callable[[Any], Any]:
    """Return a model that scores the mean of four columns, and its negative where ``turn`` of the size is 1."""
    return lambda x: tf.sigmoid(tf.reduce_mean(x, 1) * (1 - 2 * turn(size(x))))


def model_of(score: Callable[[Any], Any], folder: Path, *allowed: str, rows: int | None = None) -> Model:
    save(folder / "model", score, x=([rows, WIDTH], tf.float32))
    return open_model(ModelSpec(path="model", allow_operations=list(allowed)), folder / "model")


@pytest.mark.parametrize("size", list(SIZES))
def test_wherever_the_size_comes_from(tmp_path: Path, size: str) -> None:
    count = model_of(lambda x: x[:, 0] * 0 + SIZES[size](x), tmp_path / "count")
    assert count({"x": tf.ones([37, WIDTH])})[0, 0] == pytest.approx(37, rel=1e-5), "it is the size"
    model = model_of(turning(SIZES[size], TURNS["greater"]), tmp_path)
    assert size_comparison(model) is not None


@pytest.mark.parametrize("turn", list(TURNS))
def test_however_the_size_is_compared(tmp_path: Path, turn: str) -> None:
    model = model_of(turning(SIZES["shape"], TURNS[turn]), tmp_path)
    assert size_comparison(model) is not None


def test_what_is_compared_is_named(tmp_path: Path) -> None:
    model = model_of(turning(SIZES["shape"], TURNS["equal"]), tmp_path)
    with pytest.raises(AuditError, match="through Equal") as caught:
        require_no_size_comparison(model)
    assert "model.allow_operations: [batch_size]" in caught.value.fix
    assert list(map(str, caught.value.settings)) == ["model.allow_operations: [batch_size]"]
    require_no_size_comparison(model_of(lambda x: tf.sigmoid(x[:, 0]), tmp_path / "other"))


def test_a_policy_may_allow_it(tmp_path: Path) -> None:
    model = model_of(turning(SIZES["shape"], TURNS["equal"]), tmp_path, "batch_size")
    require_no_size_comparison(model)
    assert size_comparison(model) == "Equal"


def test_a_fixed_size_is_always_the_same(tmp_path: Path) -> None:
    assert size_comparison(model_of(turning(SIZES["shape"], TURNS["equal"]), tmp_path, rows=8)) is None


def asserting(x: Any) -> Any:
    with tf.control_dependencies([tf.debugging.assert_less(tf.shape(x)[0], 10**6)]):
        return tf.sigmoid(x[:, 0])


def by_rows(x: Any) -> Any:
    """A loop over the rows."""
    return tf.map_fn(lambda row: tf.sigmoid(tf.reduce_sum(row)), x)


def chosen_by_place(x: Any) -> Any:
    """Each row's own choice among its columns, by its place."""
    places = tf.stack([tf.range(tf.shape(x)[0]), tf.cast(tf.argmax(x, 1), tf.int32)], 1)
    return tf.sigmoid(tf.gather_nd(x, places))


def reshaped(x: Any) -> Any:
    rows = tf.shape(x)[0]
    zeros = tf.zeros(tf.stack([rows, 2]))
    both = tf.concat([tf.reshape(x, [rows, 2, 2]), zeros[:, None]], 1)
    return tf.sigmoid(tf.reduce_sum(tf.reshape(both, tf.concat([tf.shape(both)[:1], [6]], 0)), 1))


HARMLESS: dict[str, Callable[[Any], Any]] = {
    "an assertion": asserting,
    "a loop over the rows": by_rows,
    "a choice by place": chosen_by_place,
    "shapes made from the size": reshaped,
    "a choice among columns": lambda x: tf.sigmoid(tf.gather(x, tf.argmax(x, 1), batch_dims=1)),
    "tiled weights": lambda x: tf.sigmoid(
        tf.reduce_sum(x * tf.tile([[1.0, 2.0, 3.0, 4.0]], [tf.shape(x)[0], 1]), 1)
    ),
    "comparisons of values": lambda x: tf.where(x[:, 0] > 0, tf.sigmoid(x[:, 1]), tf.sigmoid(x[:, 2])),
    "the largest in a row": lambda x: tf.sigmoid(tf.reduce_max(x, 1) - tf.reduce_min(x, 1)),
    "attention within a row": lambda x: tf.sigmoid(
        tf.reduce_sum(tf.matmul(tf.nn.softmax(tf.matmul(x[:, :, None], x[:, None])), x[:, :, None]), [1, 2])
    ),
    "columns padded": lambda x: tf.sigmoid(tf.reduce_sum(tf.pad(x, [[0, 0], [1, 1]]), 1)),
    "rows turned": lambda x: tf.sigmoid(tf.reduce_sum(tf.transpose(x), 0)),
}


@pytest.mark.parametrize("case", list(HARMLESS))
def test_what_only_looks_so_is_not_found(tmp_path: Path, case: str) -> None:
    assert size_comparison(model_of(HARMLESS[case], tmp_path)) is None


@pytest.mark.parametrize("sizes", [[8.0, 16.0, 32.0, 64.0], [4096.0], [1500.0]], ids=str)
def test_the_exit_code_is_2(tmp_path: Path, sizes: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Also at the very size of the batch that is scored, and where the sizes tried are those of the model."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1500, WIDTH)).astype(np.float32), columns=list("abcd"))
    data = store(frame.assign(label=(frame["a"] > 0).astype(int)), tmp_path)
    turn = lambda n: tf.cast(tf.reduce_any(tf.equal(n, sizes)), tf.float32)  # noqa: E731
    save(tmp_path / "model", turning(SIZES["shape"], turn), x=([None, WIDTH], tf.float32))
    words = ["run", "--model", str(tmp_path / "model"), "--data", str(data), "--label", "label", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "batch" in capsys.readouterr().err
