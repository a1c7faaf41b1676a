"""PGD from random starts: inside the ball, by row, and past a hill that a climb from the row does not leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.run import attack

from .kit import Network, space


def hill(x: Any) -> Any:
    """The decision changes beyond |x| = 0.8, and the slope below 0.4 points inwards."""
    import tensorflow as tf

    far = tf.reduce_max(tf.abs(x), 1, keepdims=True)
    height = tf.where(far < 0.4, -far, far - 0.2)
    return tf.concat([0.6 - height, tf.zeros_like(height)], 1)


def decided(x: np.ndarray) -> np.ndarray:
    return (np.abs(x).max(1) > 0.8).astype(np.int32)


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_restarts_leave_a_hill_that_one_climb_does_not(norm: Any) -> None:
    where = space(3)
    x = np.full((40, 3), 0.02, np.float32)
    rows = Batch(x, decided(x), where, norm, decided)
    ascent = GradientAscent(hill, where, norm, x.dtype, margin=True)
    found = attack(
        rows, ascent, Plan(["pgd", "restarts"], [1.0], seed=0), batch_size=64, surrogates={"restarts": ascent}
    )
    once, often = (outcome.flipped for outcome in found.outcomes)
    assert not once.any() and often.all()
    away = found.outcomes[1].adversarial - x
    size = np.abs(away).max(1) if norm == "inf" else np.linalg.norm(away, axis=1)
    assert (size <= 1 + 1e-6).all()


def test_starts_belong_to_rows_and_not_to_batches() -> None:
    network, where = Network(4), space(4)
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    rows = Batch(x, network.judge(x), where, "inf", network.judge)
    ascent = GradientAscent(network.logits, where, "inf", x.dtype, margin=True)
    plan = Plan(["restarts"], [0.05, 0.2], seed=3, steps=4)
    whole, parts = (attack(rows, None, plan, batch_size=n, surrogates={"restarts": ascent}) for n in (60, 7))
    for one, other in zip(whole.outcomes, parts.outcomes, strict=True):
        np.testing.assert_array_equal(one.flipped, other.flipped)


def test_the_margin_leaves_out_classes_that_are_not_the_best_other() -> None:
    """Two others: the nearer one falls where many steps of the sum of both would have it rise."""
    import tensorflow as tf

    def logits(x: Any) -> Any:
        zero = tf.zeros_like(x[:, :1])
        return tf.concat([zero, x[:, :1] - 1.0, -3.0 * x[:, :1] - 1.2], 1)

    where, x = space(1), np.zeros((1, 1), np.float32)
    own = np.zeros(1, np.int32)
    sums, margins = (GradientAscent(logits, where, "inf", x.dtype, margin) for margin in (False, True))
    assert sums.direction(x, own)[0, 0] == -1 and margins.direction(x, own)[0, 0] == 1
