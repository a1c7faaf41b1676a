"""Logits below the head are those from which the scores were made, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, logit

from ...models import save
from .surgery import audited, gradient, numbers, odds, uncut, values

WEIGHTS = np.random.default_rng(5).normal(size=(2, 10)).astype(np.float32)
Head = Callable[[Any], Any]


def export(path: Path, head: Head, columns: int, *, flat: bool = False) -> Path:
    """Export ``head`` of x W: a matrix ``(rows, columns)``, or with ``flat`` a vector."""

    def score(x: Any) -> Any:
        z = tf.matmul(x, tf.constant(WEIGHTS[:, :columns]))
        return head(z[:, 0] if flat else z)

    save(path, score, x=([None, 2], tf.float32))
    return path


def expected(columns: int) -> np.ndarray:
    return np.asarray(numbers().to_numpy(np.float64) @ WEIGHTS[:, :columns].astype(np.float64))


def pair(z: Any) -> Any:
    p = tf.sigmoid(z)
    return tf.concat([1 - p, p], 1)


ONE: dict[str, tuple[Head, int]] = {
    "a column": (tf.sigmoid, 1),
    "reversed": (lambda z: 1 - tf.sigmoid(z), -1),
    "sigmoid of minus z": (lambda z: tf.sigmoid(-z), -1),
    "two columns of one sigmoid": (pair, 1),
    "reversed columns": (lambda z: pair(z)[:, ::-1], -1),
}


@pytest.mark.parametrize("name", ONE)
def test_one_sigmoid(tmp_path: Path, name: str) -> None:
    head, sign = ONE[name]
    found = audited(export(tmp_path / "m", head, 1), numbers(), tmp_path)
    np.testing.assert_allclose(odds(found), sign * expected(1)[:, 0], atol=1e-5)
    assert found.logits.exact and "Sigmoid" in found.logits.evidence and ";" not in found.logits.evidence


@pytest.mark.parametrize("head", [tf.sigmoid, lambda z: 1 - tf.sigmoid(z)])
def test_a_vector_without_class_axis(tmp_path: Path, head: Head) -> None:
    found = audited(export(tmp_path / "m", head, 1, flat=True), numbers(), tmp_path)
    np.testing.assert_allclose(np.abs(odds(found)), np.abs(expected(1)[:, 0]), atol=1e-5)
    np.testing.assert_allclose(odds(found), logit(uncut(found)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("head", [tf.nn.softmax, lambda z: tf.exp(tf.nn.log_softmax(z))])
def test_softmax(tmp_path: Path, classes: int, head: Head) -> None:
    found = audited(export(tmp_path / "m", head, classes), numbers(), tmp_path, classes)
    np.testing.assert_allclose(values(found), expected(classes), atol=1e-5)
    assert found.logits.exact and "oftmax" in found.logits.evidence


@pytest.mark.parametrize(("column", "sign"), [(0, -1), (1, 1)])
def test_one_column_of_a_softmax_is_scored_by_both_logits(tmp_path: Path, column: int, sign: int) -> None:
    model = export(tmp_path / "m", lambda z: tf.nn.softmax(z)[:, column : column + 1], 2)
    z = expected(2)
    np.testing.assert_allclose(
        odds(audited(model, numbers(), tmp_path)), sign * (z[:, 1] - z[:, 0]), atol=1e-5
    )


def test_one_column_of_three_classes_is_computed_from_its_scores(tmp_path: Path) -> None:
    model = export(tmp_path / "m", lambda z: tf.nn.softmax(z)[:, 1:2], 3)
    found = audited(model, numbers(scale=0.5), tmp_path)
    np.testing.assert_allclose(odds(found), logit(uncut(found)), atol=1e-4)
    assert not found.logits.exact and "lost" in found.logits.evidence


@pytest.mark.parametrize("classes", [1, 3])
def test_logits_are_the_output(tmp_path: Path, classes: int) -> None:
    model = export(tmp_path / "m", lambda z: 4 * z, classes)
    found = audited(model, numbers(), tmp_path, max(2, classes), output="logits")
    got = odds(found)[:, None] if classes == 1 else values(found)
    np.testing.assert_allclose(got, 4 * expected(classes), atol=1e-4)
    assert found.logits.exact and found.logits.evidence == "the model's output"


def test_log_softmax_is_the_output(tmp_path: Path) -> None:
    found = audited(export(tmp_path / "m", tf.nn.log_softmax, 3), numbers(), tmp_path, 3)
    np.testing.assert_allclose(values(found), log_softmax(expected(3), axis=1), atol=1e-5)


def test_a_regression_is_its_value(tmp_path: Path) -> None:
    model = export(tmp_path / "m", lambda z: 100 + 7 * z, 1)
    found = audited(model, numbers(), tmp_path, output="regression")
    np.testing.assert_allclose(values(found), 100 + 7 * expected(1), rtol=1e-6)
    assert found.logits.exact
    np.testing.assert_allclose(gradient(found), np.tile(7 * WEIGHTS[:, 0], (len(expected(1)), 1)), rtol=1e-5)


@pytest.mark.parametrize("file", ["m", "m.keras"])
def test_keras_own_pre_activation(tmp_path: Path, file: str) -> None:
    """Dropout and batch normalization included; the oracle is the model up to the layer before its last."""
    keras.utils.set_random_seed(1)
    x = keras.Input((2,), name="x")
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="sigmoid")(x))
    before = keras.layers.Dense(3)(keras.layers.Dropout(0.5)(hidden))
    model = keras.Model(x, keras.layers.Activation("softmax")(before))
    path = tmp_path / file
    model.save(path) if path.suffix else model.export(path, verbose=False)
    found = audited(path, numbers(), tmp_path, 3)
    oracle = keras.Model(x, before)(numbers().to_numpy(), training=False)
    np.testing.assert_allclose(values(found), oracle, atol=1e-5)
    assert "Softmax" in found.logits.evidence
