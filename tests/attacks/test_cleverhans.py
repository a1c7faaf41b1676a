"""FGSM and PGD are those of cleverhans, called by hand on the same logits.

The logits are moderate: where a probability comes near one, cleverhans' own gradient loses digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.run import attack
from audit.attacks.threat_model import Norm

from .kit import Network, attacked, one, rows, space

COLUMNS, FROZEN = 6, [1, 4]
MOVABLE = ~np.isin(np.arange(COLUMNS), FROZEN)
SCALE = np.where(MOVABLE, [0.5, 1, 3.0, 0.1, 1, 2.0], 1.0)
ORDER = {"inf": np.inf, "2": 2}


def by_hand(
    method: str, network: Network, x: np.ndarray, y: np.ndarray, norm: Norm, *sizes: Any, **options: Any
) -> np.ndarray:
    """Call cleverhans in scaled space, over the movable columns only, the others put back by concatenation."""
    import cleverhans.tf2.attacks.fast_gradient_method as fgsm
    import cleverhans.tf2.attacks.projected_gradient_descent as pgd
    import tensorflow as tf

    attacks = {"fgsm": fgsm.fast_gradient_method, "pgd": pgd.projected_gradient_descent}
    order = np.argsort(np.concatenate([np.flatnonzero(MOVABLE), FROZEN]))

    def model(z: Any) -> Any:
        return network.logits(
            tf.gather(tf.concat([z * SCALE[MOVABLE].astype(np.float32), x[:, FROZEN]], 1), order, axis=1)
        )

    z = tf.constant((x[:, MOVABLE] / SCALE[MOVABLE]).astype(np.float32))
    found = attacks[method](model, z, *sizes, ORDER[norm], y=tf.constant(y), **options).numpy()
    moved = x.copy()
    moved[:, MOVABLE] = found * SCALE[MOVABLE]
    return moved


@pytest.mark.parametrize("norm", ["inf", "2"])
@pytest.mark.parametrize("classes", [2, 4])
def test_fgsm(norm: Norm, classes: int) -> None:
    network, x = Network(COLUMNS, classes, gain=0.3), rows(100, COLUMNS)
    found = one(attacked(network, x, space(COLUMNS, scale=SCALE, movable=MOVABLE), norm=norm)).adversarial
    expected = by_hand("fgsm", network, x, network.judge(x), norm, 0.3)
    assert np.abs(found - x).max() > 0.2
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("norm", ["inf", "2"])
@pytest.mark.parametrize("decided", [0, 1, 2])
def test_pgd(norm: Norm, decided: int) -> None:
    """With a judge that no change persuades, so that every row makes all steps."""
    network, x = Network(COLUMNS, 3, gain=0.3), rows(100, COLUMNS)
    y = np.full(100, decided)
    where = space(COLUMNS, scale=SCALE, movable=MOVABLE)
    found = attack(
        Batch(x, y, where, norm, lambda given: np.full(len(given), decided)),
        GradientAscent(network.logits, where, norm, x.dtype), Plan(["pgd"], [0.6], seed=0), batch_size=64,
    )  # fmt: skip
    expected = by_hand("pgd", network, x, y, norm, 0.6, 2.5 * 0.6 / 20, 20)
    np.testing.assert_allclose(one(found).adversarial, expected, atol=2e-5)


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_pgd_at_the_edge_of_the_range(norm: Norm) -> None:
    network, x = Network(COLUMNS, gain=0.3), rows(100, COLUMNS).clip(-1, 1)
    where = space(COLUMNS, scale=SCALE, movable=MOVABLE, low=-1.0, high=1.0)
    y = np.zeros(100, int)
    found = attack(
        Batch(x, y, where, norm, lambda given: np.zeros(len(given), int)),
        GradientAscent(network.logits, where, norm, x.dtype), Plan(["pgd"], [0.6], seed=0), batch_size=64,
    )  # fmt: skip
    edge = (1 / SCALE[MOVABLE]).astype(np.float32)
    expected = by_hand("pgd", network, x, y, norm, 0.6, 0.075, 20, clip_min=-edge, clip_max=edge)
    assert (np.abs(expected[:, MOVABLE]) > 0.9999).any()
    np.testing.assert_allclose(one(found).adversarial, expected, atol=2e-5)


def test_rows_that_drop_out_of_pgd_had_flipped_and_the_others_go_on_as_in_cleverhans() -> None:
    network, x = Network(COLUMNS, 3, gain=0.3), rows(200, COLUMNS)
    found = one(attacked(network, x, space(COLUMNS, scale=SCALE, movable=MOVABLE), attacks=["pgd"]))
    expected = by_hand("pgd", network, x, network.judge(x), "inf", 0.3, 2.5 * 0.3 / 20, 20)
    np.testing.assert_array_equal(found.flipped, network.judge(found.adversarial) != network.judge(x))
    np.testing.assert_allclose(found.adversarial[~found.flipped], expected[~found.flipped], atol=2e-5)
    assert 20 < found.flipped.sum() < 180
    assert not (network.judge(expected) != network.judge(x))[~found.flipped].any()
