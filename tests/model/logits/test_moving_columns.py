"""Logits near rows: of rows of which some columns move, as those of the same rows without a start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from audit.subject.subject import Subject

from ...audits import file_rows
from .surgery import audited, export, gradient, values
from .test_merge_point import (
    INPUTS,
    Build,
    another_way,
    head,
    mixed_before,
    one_meeting,
    parts,
    table,
    weights,
)

A, N, T = (np.eye(3, dtype=bool)[i] for i in range(3))  # columns of the matrix, of 2, 1 and 3 numbers


def transposed(path: Path) -> Path:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        hidden = tf.matmul(tf.concat(parts(m, t, a, n), 1), m.w, transpose_b=True) + m.b
        return tf.sigmoid(tf.reduce_sum(tf.tanh(hidden), 1, keepdims=True))

    w = tf.Variable(tf.transpose(weights()))
    return export(path, score, INPUTS, w=w, b=tf.Variable([0.1, -0.2, 0.3, -0.4]))


def linear(path: Path) -> Path:
    """The product is the logit."""

    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return tf.sigmoid(tf.concat(parts(m, t, a, n), 1) @ m.w)

    return export(path, score, INPUTS, w=tf.Variable(weights()[:, :1]))


def wide_and_deep(path: Path) -> Path:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        joined = tf.concat(parts(m, t, a, n), 1)
        return tf.sigmoid(joined @ m.w[:, :1] + tf.reduce_sum(tf.tanh(joined @ m.w), 1, keepdims=True))

    return export(path, score, INPUTS, w=weights())


def scaled_behind(path: Path) -> Path:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat(parts(m, t, a, n), 1) * 0.5)

    return export(path, score, INPUTS, w=weights())


def near(found: Subject, start: np.ndarray, rows: np.ndarray, movable: np.ndarray) -> np.ndarray:
    logits = found.logits
    compiled = tf.function(lambda start, rows: logits.near(start, movable)(rows))
    return np.asarray(compiled(start, rows), np.float64)


def moved(found: Subject, movable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows, and the same with the movable columns of others."""
    rows = file_rows(found)
    return rows, np.where(movable, rows[::-1], rows)


@pytest.mark.parametrize("build", [one_meeting, transposed, linear])
@pytest.mark.parametrize("movable", [A, N, A | N], ids=["two numbers", "one number", "half of them"])
def test_columns_that_rest_are_read_from_the_start(tmp_path: Path, build: Build, movable: np.ndarray) -> None:
    found = audited(build(tmp_path / "m"), table(), tmp_path)
    start, rows = moved(found, movable)
    expected = values(found, rows)
    np.testing.assert_allclose(near(found, start, rows, movable), expected, atol=1e-5)
    hidden = np.where(movable, rows, np.nan)
    np.testing.assert_allclose(near(found, start, hidden, movable), expected, atol=1e-5)


def test_a_start_may_be_infinite_where_it_moves(tmp_path: Path) -> None:
    """As the logarithm of amounts is, many of which are 0."""

    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat(parts(m, t, a, n - 1), 1))

    found = audited(export(tmp_path / "m", score, INPUTS, w=weights()), table(), tmp_path)
    rows = np.where(N, 3, file_rows(found)).astype(np.float32)
    start = np.where(N, 0, rows).astype(np.float32)
    np.testing.assert_allclose(near(found, start, rows, N), values(found, rows), atol=1e-5)


def test_a_part_may_be_an_input_beside_parts_that_are_computed(tmp_path: Path) -> None:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat([parts(m, t, a, n)[0], tf.cast(n, tf.float32), a / 2, tf.nn.relu(a)], 1))

    found = audited(export(tmp_path / "m", score, INPUTS, w=weights()), table(), tmp_path)
    start, rows = moved(found, A | N)
    np.testing.assert_allclose(near(found, start, rows, A | N), values(found, rows), atol=1e-5)


@pytest.mark.parametrize(
    ("build", "movable"),
    [(wide_and_deep, A), (scaled_behind, A), (another_way, A), (mixed_before, A), (one_meeting, A | T),
     (one_meeting, T), (one_meeting, A | N | T)],
)  # fmt: skip
def test_other_rows_are_read_whole(tmp_path: Path, build: Build, movable: np.ndarray) -> None:
    """Where the merge point has another reader, most numbers move or a text does."""
    found = audited(build(tmp_path / "m"), table(), tmp_path)
    start, rows = moved(found, movable)
    np.testing.assert_allclose(near(found, start, rows, movable), values(found, rows), atol=1e-5)
    others = rows[np.random.default_rng(2).permutation(len(rows))]
    np.testing.assert_allclose(near(found, start, others, movable), values(found, others), atol=1e-5)


def test_the_gradient_is_that_of_the_logits(tmp_path: Path) -> None:
    found = audited(one_meeting(tmp_path / "m"), table(), tmp_path)
    start, rows = moved(found, A)
    near_start = found.logits.near

    @tf.function
    def slope(rows: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            logits = near_start(tf.constant(start), A)(rows)
            upper = logits[:, 1] - logits[:, 0]
        return tape.gradient(upper, rows)

    expected = gradient(found, rows)
    assert np.abs(expected[:, 0]).max() > 0.1
    np.testing.assert_allclose(slope(tf.constant(rows)), np.where(A, expected, 0), atol=1e-5)


def test_numbers_of_64_bits(tmp_path: Path) -> None:
    def score(m: Any, a: Any, n: Any, t: Any) -> Any:
        return head(m, tf.concat(parts(m, t, a, n - 2**40), 1))

    frame = table()
    model = export(tmp_path / "m", score, INPUTS, w=weights())
    found = audited(model, frame.assign(n=2**40 + frame["n"]), tmp_path)
    start, rows = moved(found, N)
    np.testing.assert_allclose(near(found, start, rows, N), values(found, rows), atol=1e-5)


def test_one_tensor_of_columns_is_read_whole(tmp_path: Path) -> None:
    """Its columns are one part of the merge point."""
    found = audited(
        export(
            tmp_path / "m",
            lambda m, x: tf.sigmoid(tf.reduce_sum(tf.tanh(x / 2 @ m.w[:3]), 1, keepdims=True)),
            {"x": ([None, 3], tf.float32)},
            w=weights(),
        ),
        table().assign(b=0.5, c=1.5)[["a", "b", "c"]],
        tmp_path,
        inputs={"x": ["a", "b", "c"]},
    )
    start, rows = moved(found, A)
    np.testing.assert_allclose(near(found, start, rows, A), values(found, rows), atol=1e-5)
    others = rows[::-1]
    np.testing.assert_allclose(near(found, start, others, A), values(found, others), atol=1e-5)
