"""One matrix of numbers stands for every kind of input, and gradients are those of the model as it is served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from audit.attacks.gradient_ascent import GradientAscent
from audit.checks.robustness.threat_model import threat_model_of
from audit.model.decision import decision_logits
from audit.subject.subject import Subject

from ...audits import file_rows
from ...models import save
from .surgery import ROWS, audited, export, gradient, numbers, odds, uncut, values

PAIR = ([None, 2], tf.float32)
WEIGHTS = np.array([[0.9], [-0.6]], np.float32)
Build = Callable[[Path], Path]


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int32", "int64", "bool", "float16", "bfloat16", "float32", "float64"]
)
@pytest.mark.parametrize("shape", [[None], [None, 1]])
def test_every_type_of_number(tmp_path: Path, dtype: str, shape: list[int | None]) -> None:
    def score(a: Any, n: Any) -> Any:
        return tf.sigmoid(a + 0.25 * tf.cast(n, tf.float32))

    save(tmp_path / "m", score, a=(shape, tf.float32), n=(shape, tf.dtypes.as_dtype(dtype)))
    frame = numbers(1).assign(n=np.arange(ROWS) % 2 if dtype == "bool" else np.arange(ROWS) % 11)
    found = audited(tmp_path / "m", frame, tmp_path)
    np.testing.assert_allclose(odds(found), frame["a"] + 0.25 * frame["n"], atol=1e-5)
    slope = gradient(found)
    np.testing.assert_allclose(slope[:, 0], 1, rtol=1e-5)
    np.testing.assert_allclose(slope[:, 1], 0.25, rtol=1e-5)  # of whole numbers behind their cast


def test_large_whole_numbers_keep_their_last_digit(tmp_path: Path) -> None:
    def score(n: Any) -> Any:
        return tf.sigmoid(tf.cast(n - 2**40, tf.float32) / 100)

    save(tmp_path / "m", score, n=([None, 1], tf.int64))
    last = np.arange(ROWS) - 150
    found = audited(tmp_path / "m", numbers(1).assign(n=2**40 + last), tmp_path)
    assert file_rows(found).dtype == np.float64
    np.testing.assert_allclose(odds(found), last / 100, atol=1e-6)


def test_one_tensor_of_columns_in_another_order_than_the_file(tmp_path: Path) -> None:
    weights = np.array([[1.0], [10.0], [100.0]], np.float32)
    save(tmp_path / "m", lambda x: tf.sigmoid(tf.matmul(x, weights)), x=([None, 3], tf.float32))
    frame = numbers(4, scale=0.01)
    found = audited(tmp_path / "m", frame, tmp_path, inputs={"x": ["c", "a", "d"]})
    assert [column.name for column in found.features.columns] == ["c", "a", "d"]
    np.testing.assert_allclose(odds(found), frame["c"] + 10 * frame["a"] + 100 * frame["d"], atol=1e-5)
    np.testing.assert_allclose(gradient(found)[0], [1, 10, 100], rtol=1e-5)


def test_a_column_that_two_inputs_read_is_one_player(tmp_path: Path) -> None:
    def score(t: Any, x: Any, y: Any) -> Any:
        known = tf.where(tf.strings.to_number(t) > 0, 0.5, -0.5)
        return tf.sigmoid(tf.matmul(x, WEIGHTS) + tf.matmul(y, [[3.0], [7.0]]) + known)

    inputs = {"t": "n", "x": ["b", "a"], "y": ["a", "b"]}
    save(tmp_path / "m", score, t=([None, 1], tf.string), x=PAIR, y=PAIR)
    frame = numbers(scale=0.5).assign(n=np.arange(ROWS) % 3 - 1)
    found = audited(tmp_path / "m", frame, tmp_path, inputs=inputs)
    assert [column.name for column in found.features.columns] == ["n", "b", "a"]
    assert found.logits.players.tolist() == [0, 1, 2]
    known = np.where(frame["n"] > 0, 0.5, -0.5)
    np.testing.assert_allclose(odds(found), 7.9 * frame["b"] + 2.4 * frame["a"] + known, atol=1e-5)
    np.testing.assert_allclose(gradient(found)[:, 1:], np.tile([7.9, 2.4], (ROWS, 1)), rtol=1e-5)


def loop(path: Path) -> Path:
    def score(m: Any, x: Any) -> Any:
        def step(i: Any, z: Any) -> tuple[Any, Any]:
            return i + 1, tf.tanh(z @ m.inner)

        return tf.sigmoid(tf.while_loop(lambda i, _: i < 3, step, (0, x))[1] @ m.outer)

    inner = tf.Variable([[0.5, 0.2], [-0.3, 0.9]])
    return export(path, score, {"x": PAIR}, inner=inner, outer=tf.Variable(WEIGHTS))


def branch(path: Path) -> Path:
    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(tf.cond(m.w[0, 0] < 9.0, lambda: x @ m.w, lambda: x @ m.w + 1))

    return export(path, score, {"x": PAIR}, w=tf.Variable(WEIGHTS))


def recurrent(path: Path) -> Path:
    keras.utils.set_random_seed(4)
    x = keras.Input((2,), name="x")
    state = keras.layers.GRU(3)(keras.layers.Reshape((2, 1))(x))
    head = keras.layers.Dense(1, activation="sigmoid")(state)
    keras.Model(x, head).export(path, verbose=False)
    return path


def row_by_row(path: Path) -> Path:
    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(tf.map_fn(lambda row: tf.linalg.matvec(m.w, row, transpose_a=True), x))

    return export(path, score, {"x": PAIR}, w=tf.Variable(WEIGHTS))


def unknown_shapes(path: Path) -> Path:
    def score(m: Any, x: Any) -> Any:
        return tf.reshape(tf.sigmoid(x @ m.w), tf.shape(x)[:1])

    return export(path, score, {"x": PAIR}, w=tf.Variable(WEIGHTS))


@tf.custom_gradient
def swish(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """As Keras has it: the gradient uses a tensor of the graph that it was made in."""
    gate = tf.sigmoid(x)
    return x * gate, lambda upstream: upstream * gate * (1 + x * (1 - gate))


def own_gradient(path: Path) -> Path:
    return export(path, lambda m, x: tf.sigmoid(swish(x) @ m.w), {"x": PAIR}, w=tf.Variable(WEIGHTS))


def by_finite_scores(found: Subject) -> np.ndarray:
    """Return the gradient of the log-odds through the uncut signature, called as it is served."""
    x = tf.constant(file_rows(found))
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = found.model.signature.function(x=x)[found.model.output]
    p = np.reshape(score.numpy(), (-1, 1))
    return np.asarray(tape.gradient(score, x) / (p * (1 - p)))


@pytest.mark.parametrize("build", [loop, branch, recurrent, row_by_row, unknown_shapes, own_gradient])
def test_a_graph_of_many_parts(tmp_path: Path, build: Build) -> None:
    """The audit has taken a gradient of the signature before: that rewrites the loops in its graph."""
    found = audited(build(tmp_path / "m"), numbers(scale=1), tmp_path)
    assert found.model_facts.differentiable and found.logits.exact
    np.testing.assert_allclose(expit(odds(found)), uncut(found), atol=1e-5)
    np.testing.assert_allclose(gradient(found), by_finite_scores(found), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        expit(odds(found)), uncut(found), atol=1e-5
    )  # and no gradient has spoiled the cut
    assert np.array_equal(found.predictor(file_rows(found)), uncut(found) >= 0.5)


def first_generation(path: Path, resource: bool) -> Path:
    """Save as TensorFlow 1 does: a graph, a session, a table that an operation fills."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        a, t = v1.placeholder(tf.float32, [None, 1]), v1.placeholder(tf.string, [None, 1])
        words = v1.lookup.KeyValueTensorInitializer(["red", "green"], tf.constant([1.0, 2.0]))
        w = v1.get_variable("w", initializer=[[0.5]], use_resource=resource)
        score = tf.sigmoid(a @ w + v1.lookup.StaticHashTable(words, -1.0).lookup(t))
        tables = v1.tables_initializer()
        session.run([v1.global_variables_initializer(), tables])
        inputs = {"a": a, "t": t}
        v1.saved_model.simple_save(session, str(path), inputs, {"score": score}, legacy_init_op=tables)
    return path


@pytest.mark.parametrize("resource", [True, False])
def test_an_export_of_tensorflow_1(tmp_path: Path, resource: bool) -> None:
    """Variables of its first kind cannot be frozen: then the scores are what is left, and it is said."""
    frame = numbers(1).assign(t=np.random.default_rng(0).choice(["red", "green", "blue"], ROWS))
    found = audited(first_generation(tmp_path / "m", resource), frame, tmp_path)
    known = frame["t"].map({"red": 1.0, "green": 2.0, "blue": -1.0})
    np.testing.assert_allclose(odds(found), 0.5 * frame["a"] + known, atol=1e-5)
    assert found.logits.exact is resource
    np.testing.assert_allclose(gradient(found)[:, 0], 0.5, rtol=1e-3)


def test_a_thousand_columns_beside_a_text(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).normal(0, 0.05, (1000, 1)).astype(np.float32)

    def score(t: Any, x: Any) -> Any:
        return tf.sigmoid(tf.matmul(x, weights) + tf.where(t == "red", 1.0, -1.0))

    save(tmp_path / "m", score, t=([None, 1], tf.string), x=([None, 1000], tf.float32))
    wide = np.random.default_rng(2).normal(size=(ROWS, 1000)).astype(np.float32)
    names = [f"x{i}" for i in range(1000)]
    frame = numbers(1).assign(t=np.where(np.arange(ROWS) % 3, "red", "blue"))
    frame = frame.join(type(frame)(wide, columns=names))
    found = audited(tmp_path / "m", frame, tmp_path, inputs={"x": names, "t": "t"})
    expected = wide.astype(np.float64) @ weights + np.where(frame[["t"]] == "red", 1.0, -1.0)
    np.testing.assert_allclose(odds(found), expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(gradient(found)[7, 1:], weights[:, 0], rtol=1e-4, atol=1e-6)
    assert found.logits.players.tolist() == list(range(1001))
    assert values(found).shape == (ROWS, 2)


def test_a_gradient_that_is_not_the_function_s_is_not_followed(tmp_path: Path) -> None:
    """Rounding that lets gradients through: the function that is served has none."""

    @tf.custom_gradient
    def straight_through(x: Any) -> tuple[Any, Callable[[Any], Any]]:
        return tf.round(x * 8) / 8, lambda upstream: upstream

    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(straight_through(x) @ m.w)

    found = audited(export(tmp_path / "m", score, {"x": PAIR}, w=tf.Variable(WEIGHTS)), numbers(), tmp_path)
    np.testing.assert_allclose(expit(odds(found)), uncut(found), atol=1e-5)
    assert not gradient(found).any()


def test_a_loop_is_climbed_inside_another_loop(tmp_path: Path) -> None:
    """PGD is a loop; the audit has taken a gradient of the signature's own loop before."""
    found = audited(row_by_row(tmp_path / "m"), numbers(scale=1), tmp_path)
    assert found.model_facts.differentiable
    logits = found.logits
    space, _ = threat_model_of(found, [], [], 0.1)
    ascent = GradientAscent(
        lambda rows: decision_logits(logits(rows), found.decision_rule), space, "inf", np.dtype("float32")
    )
    x = file_rows(found)
    classes = found.predictor(x)
    uphill = np.where(classes == 1, -1, 1)[:, None] * np.sign(WEIGHTS[:, 0])
    np.testing.assert_allclose(ascent.direction(x, classes), uphill)
