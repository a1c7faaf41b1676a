"""The control: as large as the attacks, the same every time, and blind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attacks.threat_model import Norm

from .kit import Network, attacked, rows, space

MOVABLE = np.array([True, False, True, True])
SCALE = np.array([0.5, 1.0, 4.0, 2.0])


def moves(norm: Norm, count: int = 300, eps: float = 0.2, **options: Any) -> np.ndarray:
    """Return what noise adds to rows of zeros, in units of the scale."""
    x = np.zeros((count, 4))
    where = space(4, scale=SCALE, movable=MOVABLE)
    found = attacked(Network(4), x, where, attacks=["noise"], eps=[eps], norm=norm, **options)
    return np.asarray(found.outcomes[0].adversarial / SCALE)


def test_noise_of_norm_inf_stands_on_the_corners() -> None:
    found = moves("inf", 4000)
    np.testing.assert_allclose(np.abs(found[:, MOVABLE]), 0.2, rtol=1e-6)
    assert not found[:, ~MOVABLE].any()
    corners, counts = np.unique(np.sign(found[:, MOVABLE]), axis=0, return_counts=True)
    assert len(corners) == 8
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500)  # five standard deviations of a uniform draw


def test_noise_of_norm_2_is_uniform_on_the_sphere() -> None:
    found = moves("2", 4000)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 0.2, rtol=1e-6)
    assert not found[:, ~MOVABLE].any()
    directions = found[:, MOVABLE] / 0.2
    # On a sphere in three dimensions each coordinate is uniform on [-1, 1]: mean 0, variance 1/3.
    np.testing.assert_allclose(directions.mean(0), 0, atol=5 * np.sqrt(1 / 3 / 4000))
    np.testing.assert_allclose(directions.T @ directions / 4000, np.eye(3) / 3, atol=0.03)
    assert (np.abs(np.histogram(directions[:, 0], 10, (-1, 1))[0] - 400) < 5 * np.sqrt(400)).all()


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_noise_hangs_on_the_seed_and_the_row_only(norm: Norm) -> None:
    found = moves(norm)
    for batch in (20, 77, 5000):
        np.testing.assert_array_equal(moves(norm, batch=batch), found)
    np.testing.assert_array_equal(moves(norm, 100), found[:100])
    assert (moves(norm, seed=1) != found)[:, MOVABLE].any(1).mean() > 0.8
    np.testing.assert_allclose(moves(norm, eps=3.0), 15 * found, rtol=1e-6)


def test_noise_asks_for_no_gradient() -> None:
    assert attacked(Network(4), rows(10, 4), space(4), attacks=["noise"]).zero_gradient == {}
