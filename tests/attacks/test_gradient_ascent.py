"""Where gradients are small, underflow, are missing or mislead."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.threat_model import Norm

from .kit import Network, attacked, one, rows, space


def cross_entropy_gradient(network: Network, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """cleverhans' gradient, in the precision of ``x``."""
    import tensorflow as tf
    from cleverhans.tf2.utils import compute_gradient

    loss = tf.nn.sparse_softmax_cross_entropy_with_logits
    return np.asarray(compute_gradient(network.logits, loss, tf.constant(x), tf.constant(y), False))


def of_length(gradient: np.ndarray, length: float) -> np.ndarray:
    return np.asarray(
        gradient * (length / np.linalg.norm(gradient.astype(np.float64), axis=1, keepdims=True))
    )


@pytest.mark.parametrize("norm", ["inf", "2"])
@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_a_saturated_model_is_attacked_like_the_same_model_with_smaller_logits(norm: Norm, name: str) -> None:
    """One sigmoid column as two log-odds columns, saturated to exactly 0 and 1 on most rows."""
    confident, modest, x = Network(6, gain=200.0), Network(6, gain=2.0), rows(300, 6)
    dead = ~cross_entropy_gradient(confident, x, confident.judge(x)).any(1)
    assert dead.mean() > 0.5  # what cross-entropy by itself leaves standing
    found, expected = (
        attacked(network, x, space(6), attacks=[name], norm=norm, eps=[0.2, 0.5])
        for network in (confident, modest)
    )
    assert not found.zero_gradient[name].any()
    for a, b in zip(found.outcomes, expected.outcomes, strict=True):
        np.testing.assert_array_equal(a.flipped, b.flipped)
        np.testing.assert_allclose(a.adversarial, b.adversarial, atol=1e-5)
    assert found.outcomes[1].flipped[dead].sum() > 20


def test_a_certain_class_of_several_keeps_the_direction_of_cross_entropy() -> None:
    """In float32 its own logit drops out of the gradient as soon as its probability rounds to one."""
    network, x = Network(6, 4, gain=8.0), rows(300, 6)
    y = network.judge(x)
    probability = np.exp(network.margins(x) - np.logaddexp.reduce(network.margins(x), 1)[:, None]).max(1)
    certain = (probability > 1 - 1e-8) & (probability < 1 - 1e-12)
    assert certain.sum() > 20
    found = one(attacked(network, x, space(6), norm="2", eps=[0.2])).adversarial - x
    expected = of_length(cross_entropy_gradient(network, x.astype(np.float64), y), 0.2)
    skewed = of_length(cross_entropy_gradient(network, x, y), 0.2)
    np.testing.assert_allclose(found[certain], expected[certain], atol=1e-4)
    assert np.abs(skewed - expected)[certain].max() > 0.02


def test_a_small_gradient_makes_a_step_of_full_length() -> None:
    """cleverhans divides by at least 1e-6, and so stays near the row."""
    flat, x = Network(6, gain=1e-9), rows(50, 6)
    assert np.linalg.norm(cross_entropy_gradient(flat, x, flat.judge(x)), axis=1).max() < 1e-7
    found = one(attacked(flat, x, space(6), norm="2")).adversarial
    np.testing.assert_allclose(np.linalg.norm(found - x, axis=1), 0.3, rtol=1e-5)


def network_of(logits: Any, judge: Any) -> SimpleNamespace:
    return SimpleNamespace(logits=logits, judge=judge)


@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_rows_without_a_gradient_are_reported_and_stay(name: str) -> None:
    import tensorflow as tf

    def logits(x: Any) -> Any:
        alive = tf.nn.relu(x[:, :1])
        return tf.concat([0.5 - alive, alive - 0.5], 1)

    x = rows(100, 3)
    dead = x[:, 0] < 0
    found = attacked(
        network_of(logits, lambda x: (x[:, 0] > 0.5).astype(int)),
        x,
        space(3),
        attacks=["noise", name],
        batch=30,
    )
    assert list(found.zero_gradient) == [name]
    np.testing.assert_array_equal(found.zero_gradient[name], dead)
    moved = found.outcomes[1].adversarial
    assert moved[dead].tobytes() == x[dead].tobytes()
    assert (moved[~dead] != x[~dead]).any(1).all()


def test_a_gradient_in_columns_that_must_not_move_is_none() -> None:
    network = Network(3, hidden=0)
    network.weights[0][1:] = 0
    found = attacked(network, rows(20, 3), space(3, movable=[False, True, True]))
    assert found.zero_gradient["fgsm"].all()


def test_a_model_that_hangs_on_nothing_has_no_gradient() -> None:
    import tensorflow as tf

    constant = network_of(lambda x: tf.ones([tf.shape(x)[0], 2]), lambda x: np.zeros(len(x), int))
    found = attacked(constant, rows(20, 3), space(3), attacks=["pgd", "fgsm"])
    assert all(zero.all() for zero in found.zero_gradient.values()) and len(found.zero_gradient) == 2


def test_a_gradient_that_is_not_finite_is_left_out() -> None:
    import tensorflow as tf

    def logits(x: Any) -> Any:
        value = tf.sqrt(x[:, :1]) + x[:, 1:]
        return tf.concat([-value, value], 1)

    x = np.array([[0, -0.1], [0, -9]], np.float32)  # the root's derivative at 0 is infinite
    network = network_of(logits, lambda x: (np.sqrt(x[:, 0]) + x[:, 1] > 0).astype(int))
    found = one(attacked(network, x, space(2, low=0.0)))
    np.testing.assert_allclose(found.adversarial, [[0, 0.2], [0, -8.7]], rtol=1e-6)
    assert found.flipped.tolist() == [True, False]


def steps_of_ten(x: np.ndarray) -> np.ndarray:
    """A score in whole tenths, favourable from 0.7: no gradient, and another threshold than the logits'."""
    score = np.round(1 / (1 + np.exp(-x.astype(np.float64).sum(1))), 1)
    return (score >= 0.7).astype(int)


@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_a_rounded_score_is_attacked_through_the_logits_and_judged_as_it_is(name: str) -> None:
    import tensorflow as tf

    x = rows(300, 2)
    network = network_of(lambda x: tf.stack([-tf.reduce_sum(x, 1), tf.reduce_sum(x, 1)], 1) / 2, steps_of_ten)
    y = steps_of_ten(x)
    furthest = x + np.float32(0.4) * np.where(y == 1, -1, 1)[:, None].astype(np.float32)
    found = one(attacked(network, x, space(2), attacks=[name], eps=[0.4]))
    np.testing.assert_array_equal(found.flipped, steps_of_ten(furthest) != y)
    np.testing.assert_array_equal(found.flipped, steps_of_ten(found.adversarial) != y)
    assert 30 < found.flipped.sum() < 270


def test_the_rows_of_a_call_do_not_change_the_ascent() -> None:
    network, x = Network(6), rows(10, 6)
    classes = network.judge(x)
    whole = GradientAscent(network.logits, space(6), "inf", x.dtype)
    parted = GradientAscent(network.logits, space(6), "inf", x.dtype, rows_of_call=4)
    calls, compiled = list[int](), parted._compiled

    def counted(*arguments: Any) -> Any:
        calls.append(len(arguments[0]))
        return compiled(*arguments)

    parted._compiled = counted
    np.testing.assert_array_equal(parted.direction(x, classes), whole.direction(x, classes))
    assert calls == [4, 4, 2]
    assert parted.direction(x[:0], classes[:0]).shape == (0, 6)
