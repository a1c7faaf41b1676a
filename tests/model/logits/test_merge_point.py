"""Where all columns meet in one tensor, rows are encoded up to it, and masking there is masking columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.special import expit

from audit.subject.subject import Subject

from ...audits import file_rows
from .surgery import ROWS, audited, export, gradient, numbers, odds, uncut, values

INPUTS = {"a": ([None, 1], tf.float32), "n": ([None, 1], tf.int64), "t": ([None, 1], tf.string)}
WORDS = ["red", "green", "blue"]
Build = Callable[[Path], Path]


def table() -> pd.DataFrame:
    words = np.random.default_rng(3).choice(WORDS, ROWS)
    return numbers(1).assign(n=np.arange(ROWS) % 7, t=words)


def weights() -> Any:
    return tf.Variable(np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32))


def parts(m: Any, t: Any, a: Any, n: Any) -> list[Any]:
    """The text first, though it is the last column; the number as two features."""
    codes = tf.strings.to_hash_bucket_fast(t[:, 0], 3)
    return [tf.one_hot(codes, 3), (a - 0.5) / 2, tf.math.log1p(tf.cast(n, tf.float32)), tf.nn.relu(a)]


def head(m: Any, joined: Any) -> Any:
    return tf.sigmoid(tf.reduce_sum(tf.tanh(joined @ m.w), 1, keepdims=True))


def one_meeting(path: Path) -> Path:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat(parts(m, t, a, n), 1))

    return export(path, score, INPUTS, w=weights())


def another_way(path: Path) -> Path:
    """A column goes past the meeting as well."""

    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return tf.sigmoid(a + tf.reduce_sum(tf.tanh(tf.concat(parts(m, t, a, n), 1) @ m.w), 1, keepdims=True))

    return export(path, score, INPUTS, w=weights())


def mixed_before(path: Path) -> Path:
    """Two columns meet before they are put beside the others."""

    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat([*parts(m, t, a, n)[:3], a * tf.cast(n, tf.float32)], 1))

    return export(path, score, INPUTS, w=weights())


def turned(path: Path) -> Path:
    """What is joined looks like a row, but numbers change their places within a column's part."""

    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat([*parts(m, t, a, n)[:3], tf.reverse(a, [0]) * 0 + a], 1))

    return export(path, score, INPUTS, w=weights())


def masked_as_columns(found: Subject) -> None:
    """Mix two rows by any mask of columns: encoded or not, the logits are the same."""
    random, model = np.random.default_rng(1), found.logits
    rows = file_rows(found)
    others = rows[random.permutation(ROWS)]
    inside = random.random(rows.shape) < 0.5
    encode, graph = tf.function(model.encode), tf.function(model.graph)
    mixed = np.where(inside[:, model.players], encode(rows), encode(others))
    np.testing.assert_allclose(graph(mixed), values(found, np.where(inside, rows, others)), atol=1e-5)


def agrees(found: Subject) -> None:
    assert found.logits.exact
    np.testing.assert_allclose(expit(odds(found)), uncut(found), atol=1e-5)
    masked_as_columns(found)


def test_rows_are_encoded_up_to_the_meeting(tmp_path: Path) -> None:
    found = audited(one_meeting(tmp_path / "m"), table(), tmp_path)
    agrees(found)
    assert found.logits.players.tolist() == [2, 2, 2, 0, 1, 0]
    encoded = tf.function(found.logits.encode)(file_rows(found)).numpy()
    frame = table()
    np.testing.assert_allclose(encoded[:, 3], (frame["a"] - 0.5) / 2, rtol=1e-6)
    np.testing.assert_allclose(encoded[:, 4], np.log1p(frame["n"]), rtol=1e-6)
    np.testing.assert_allclose(encoded[:, 5], np.maximum(frame["a"], 0), rtol=1e-6)


def test_the_gradient_goes_through_it(tmp_path: Path) -> None:
    found = audited(one_meeting(tmp_path / "m"), table(), tmp_path)
    rows, step = file_rows(found), np.array([1e-2, 0, 0], np.float32)
    slope = (values(found, rows + step) - values(found, rows - step)) @ [-1, 1] / 2e-2
    smooth = np.abs(rows[:, 0]) > 0.02
    np.testing.assert_allclose(gradient(found)[smooth, 0], slope[smooth], atol=5e-3)


def test_large_numbers_meet_in_floats(tmp_path: Path) -> None:
    """The matrix has 64 bits then, what flows behind the meeting 32."""

    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat(parts(m, t, a, n - 2**40), 1))

    model = export(tmp_path / "m", score, INPUTS, w=weights())
    frame = table()
    found = audited(model, frame.assign(n=2**40 + frame["n"]), tmp_path)
    assert file_rows(found).dtype == np.float64
    agrees(found)
    assert tf.function(found.logits.encode)(file_rows(found)).dtype == tf.float64


@pytest.mark.parametrize("build", [another_way, mixed_before, turned])
def test_without_one_meeting_columns_enter_as_they_are(tmp_path: Path, build: Build) -> None:
    found = audited(build(tmp_path / "m"), table(), tmp_path)
    agrees(found)
    assert found.logits.players.tolist() == [0, 1, 2, 2, 2]


def test_a_tensor_of_columns_is_encoded_up_to_its_first_weights(tmp_path: Path) -> None:
    mean, spread = np.array([[1.0, -2.0, 3.0]], np.float32), np.array([[2.0, 4.0, 8.0]], np.float32)

    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(tf.reduce_sum(tf.tanh((x - mean) / spread @ m.w[:3]), 1, keepdims=True))

    model = export(tmp_path / "m", score, {"x": ([None, 3], tf.float32)}, w=weights())
    frame = numbers(3)
    found = audited(model, frame, tmp_path, inputs={"x": ["c", "a", "b"]})
    agrees(found)
    assert found.logits.players.tolist() == [0, 1, 2]
    encoded = tf.function(found.logits.encode)(file_rows(found)).numpy()
    np.testing.assert_allclose(encoded, (frame[["c", "a", "b"]] - mean) / spread, rtol=1e-6)


def test_a_tensor_whose_columns_are_mixed_enters_as_it_is(tmp_path: Path) -> None:
    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(tf.reduce_sum(tf.tanh(tf.cumsum(x, 1) @ m.w[:2]), 1, keepdims=True))

    model = export(tmp_path / "m", score, {"x": ([None, 2], tf.float32)}, w=weights())
    found = audited(model, numbers(2), tmp_path)
    agrees(found)
    rows = file_rows(found)
    assert np.array_equal(tf.function(found.logits.encode)(rows), rows)


def test_a_column_that_reaches_no_score_stays_a_column(tmp_path: Path) -> None:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        both = tf.concat([a, tf.one_hot(tf.strings.to_hash_bucket_fast(t[:, 0], 3), 3)], 1)
        return tf.sigmoid(tf.reduce_sum(both @ m.w[:4], 1, keepdims=True))

    found = audited(export(tmp_path / "m", score, INPUTS, w=weights()), table(), tmp_path)
    agrees(found)
    assert found.logits.players.tolist() == [0, 1, 2, 2, 2]
