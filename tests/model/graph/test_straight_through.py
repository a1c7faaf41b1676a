"""Gradients past steps and stops: values stay what they are, and the way back is that of the identity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.logits.surrogate import SurrogateLogits, find_surrogate

from ...audits import content, file_rows, store, subject
from ...models import save

X = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
WEIGHTS = np.array([[1.0], [-2.0], [0.5]], np.float32)
NAMES = ["a", "b", "c"]
Step = Callable[[Any], Any]


def stand_in(path: Path, score: Step, output: str = "probabilities", **given: Any) -> SurrogateLogits:
    save(path / "m", score, x=([None, 3], "float32"))
    data = pd.DataFrame(X, columns=NAMES).assign(label=(X[:, 0] > 0).astype(int))
    spec = {"inputs": {"x": NAMES}, "output": output}
    made = subject(content(path / "m", store(data, path), spec=spec, **given))
    found = find_surrogate(made.model, made.decision_rule, made.feeds, made.features.columns, file_rows(made))
    assert found is not None
    return found


def slopes(found: SurrogateLogits) -> tuple[np.ndarray, np.ndarray]:
    """Return log-odds, or a regression's value, and their gradient at `X`."""
    tf = tensorflow()

    def computed(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = found.logits(x)
            odds = logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits[:, 0]
        return odds, tape.gradient(odds, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    odds, gradient = graph(computed)(tf.constant(X))
    return odds.numpy(), gradient.numpy()


def rounded(x: Any) -> Any:
    return tensorflow().round(8 * x) / 8


def floored(x: Any) -> Any:
    return tensorflow().floor(8 * x) / 8


def whole(x: Any) -> Any:
    tf = tensorflow()
    return tf.cast(tf.cast(x * 16, tf.int32), tf.float32) / 16


def bucketed(x: Any) -> Any:
    tf = tensorflow()
    edges = [float(edge) for edge in np.arange(-32, 33) / 8]
    return tf.cast(tf.raw_ops.Bucketize(input=x, boundaries=edges), tf.float32) / 8


def above(x: Any) -> Any:
    tf = tensorflow()
    return tf.cast(x > 0.1, tf.float32)


def below(x: Any) -> Any:
    tf = tensorflow()
    return -tf.cast(x < 0.1, tf.float32)


def stopped(x: Any) -> Any:
    return tensorflow().stop_gradient(x)


@pytest.mark.parametrize("step", [rounded, floored, whole, bucketed, above, below, stopped])
def test_a_step_before_the_weights_has_their_gradient(tmp_path: Path, step: Step) -> None:
    tf = tensorflow()
    found = stand_in(tmp_path, lambda x: tf.sigmoid(tf.matmul(step(x), tf.constant(WEIGHTS))))
    odds, gradient = slopes(found)
    np.testing.assert_allclose(odds, (step(tf.constant(X)).numpy() @ WEIGHTS)[:, 0], atol=1e-5)
    assert found.exact and found.has_steps
    np.testing.assert_array_equal(np.sign(gradient), np.broadcast_to(np.sign(WEIGHTS[:, 0]), X.shape))


@pytest.mark.parametrize("decide", [
    lambda z: tensorflow().cast(z > 0, "float32"),
    lambda z: tensorflow().where(z >= 0.0, 0.8, 0.3),
    lambda z: (tensorflow().sign(z) + 1) / 2,
])  # fmt: skip
def test_logits_are_found_below_what_decides(tmp_path: Path, decide: Step) -> None:
    tf = tensorflow()
    found = stand_in(tmp_path, lambda x: decide(tf.matmul(x, tf.constant(WEIGHTS))))
    odds, gradient = slopes(found)
    np.testing.assert_allclose(odds, (X @ WEIGHTS)[:, 0], atol=1e-5)
    np.testing.assert_allclose(gradient, np.broadcast_to(WEIGHTS[:, 0], X.shape), atol=1e-5)
    assert found.exact


def other(x: Any) -> Any:
    """Confidence in [0, 1] that another network gives."""
    tf = tensorflow()
    return tf.sigmoid(tf.matmul(x, tf.constant([[1.0], [1.0], [-1.0]])))


def signed(z: Any) -> Any:
    return tensorflow().where(z > 0, 1.0, -1.0)


@pytest.mark.parametrize("mask", [
    lambda z, x: 0.5 + 0.5 * signed(z) * (0.1 + 0.8 * other(x)),
    lambda z, x: tensorflow().sigmoid(3 * tensorflow().tanh(30 * z) / 30),
    lambda z, x: tensorflow().sigmoid(3 * tensorflow().nn.softsign(1e6 * z)),
    lambda z, x: tensorflow().sigmoid(3 * z / (tensorflow().abs(z) + 1e-9)),
    lambda z, x: tensorflow().sigmoid(3 * tensorflow().tanh(100 * z) + 1e-3 * other(x) * signed(z)),
])  # fmt: skip
def test_of_what_decides_that_is_followed_which_says_most(tmp_path: Path, mask: Callable[..., Any]) -> None:
    """The label of one network with the confidence of another, and logits that saturate at once."""
    tf = tensorflow()
    found = stand_in(tmp_path, lambda x: mask(tf.matmul(x, tf.constant(WEIGHTS)), x))
    odds, gradient = slopes(found)
    plain = (X @ WEIGHTS)[:, 0]
    assert found.exact
    np.testing.assert_array_equal(odds > 0, plain > 0)
    assert len(np.unique(odds)) == len(X) and abs(np.corrcoef(odds, plain)[0, 1]) > 0.999
    np.testing.assert_allclose(gradient / np.abs(gradient).max(), np.broadcast_to(WEIGHTS[:, 0] / 2, X.shape),
                               atol=1e-5)  # fmt: skip


def test_a_comparison_with_another_number_than_zero_decides_as_well(tmp_path: Path) -> None:
    tf = tensorflow()
    found = stand_in(tmp_path, lambda x: tf.where(tf.matmul(x, tf.constant(WEIGHTS)) < 0.4, 0.9, 0.2))
    odds, gradient = slopes(found)
    assert found.exact
    np.testing.assert_array_equal(odds > 0, (X @ WEIGHTS)[:, 0] < 0.4)
    np.testing.assert_allclose(gradient, np.broadcast_to(-WEIGHTS[:, 0], X.shape), atol=1e-5)


def test_of_a_threshold_the_logits_change_sides_where_the_decision_does(tmp_path: Path) -> None:
    tf = tensorflow()
    found = stand_in(
        tmp_path, lambda x: tf.sigmoid(3 * tf.tanh(30 * tf.matmul(x, tf.constant(WEIGHTS)))), threshold=0.9
    )
    assert found.exact
    decided = 3 * np.tanh(30 * (X @ WEIGHTS)[:, 0]) >= np.log(9)
    np.testing.assert_array_equal(slopes(found)[0] >= np.log(9), decided)


def test_two_logits_of_a_mask_follow_the_one_that_is_compared(tmp_path: Path) -> None:
    tf = tensorflow()

    def score(x: Any) -> Any:
        half = signed(tf.matmul(x, tf.constant(WEIGHTS))) * (0.1 + other(x))
        return tf.concat([-half, half], 1)

    odds, gradient = slopes(stand_in(tmp_path, score, "logits", favorable=1))
    np.testing.assert_allclose(odds, (X @ WEIGHTS)[:, 0], atol=1e-5)
    np.testing.assert_allclose(gradient, np.broadcast_to(WEIGHTS[:, 0], X.shape), atol=1e-5)


def test_a_regression_follows_what_is_compared_and_keeps_its_border(tmp_path: Path) -> None:
    tf = tensorflow()

    def value(x: Any) -> Any:
        return 50 - (9 + other(x)) * signed(tf.matmul(x, tf.constant(WEIGHTS)))

    found = stand_in(tmp_path, value, "regression", favorable={"at_least": 45.0})
    values, gradient = slopes(found)
    assert found.exact
    np.testing.assert_allclose(values, 45 - (X @ WEIGHTS)[:, 0], atol=1e-4)
    np.testing.assert_allclose(gradient, np.broadcast_to(-WEIGHTS[:, 0], X.shape), atol=1e-5)


def test_a_comparison_inside_the_model_is_not_believed(tmp_path: Path) -> None:
    """The score does not follow what is compared: a gate on another number."""
    tf = tensorflow()

    def score(x: Any) -> Any:
        gate = tf.cast(x[:, :1] > 0.2, tf.float32)
        return tf.clip_by_value(0.5 + 0.1 * x[:, 1:2] + 0.2 * gate, 0.0, 1.0)

    assert not stand_in(tmp_path, score).exact
