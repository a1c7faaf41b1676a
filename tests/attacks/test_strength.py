"""What the attacks find, against closed forms and against each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.threat_model import Norm

from .kit import Network, attacked, one, rows, space

EPS = [0.0, 0.05, 0.1, 0.3, 0.6]
DUAL = {"inf": 1, "2": 2}
RTOL = {"fgsm": 1e-12, "pgd": 4 * float(np.finfo(np.float32).eps)}
"""FGSM's one step is float64; PGD adds and projects its steps in float32, as cleverhans does."""


@pytest.mark.parametrize("norm", ["inf", "2"])
@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_on_a_linear_model_the_margin_falls_by_the_dual_norm(norm: Norm, name: str) -> None:
    linear, x = Network(5, hidden=0), rows(80, 5, dtype=np.float64)
    scale = np.array([0.2, 1, 5, 30, 0.01])
    own = np.arange(80), linear.judge(x)
    found = one(attacked(linear, x, space(5, scale=scale), attacks=[name], norm=norm, eps=[0.01]))
    before, after = linear.margins(x), linear.margins(found.adversarial)
    fall = (2 * before[own] - before.sum(1)) - (2 * after[own] - after.sum(1))
    weight = linear.weights[0][:, 0] - linear.weights[0][:, 1]
    kept = ~found.flipped  # a row that flips may stop short of the boundary of the ball
    np.testing.assert_allclose(fall[kept], 0.01 * np.linalg.norm(weight * scale, DUAL[norm]), rtol=RTOL[name])
    assert kept.sum() > 50 and found.flipped.any()


def test_a_direction_of_norm_2_has_length_1_on_every_processor() -> None:
    network, x = Network(5, hidden=0), rows(80, 5)
    ascent = GradientAscent(network.logits, space(5, scale=[0.2, 1, 5, 30, 0.01]), "2", x.dtype)
    uphill = ascent.direction(x, network.judge(x))
    np.testing.assert_allclose(np.linalg.norm(uphill, axis=1), 1, rtol=1e-14)
    assert not ascent.direction(np.full_like(x, np.nan), network.judge(x)).any()  # no gradient, no direction


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_pgd_flips_at_least_what_fgsm_flips_and_fgsm_more_than_noise(norm: Norm) -> None:
    network, x = Network(6, seed=3), rows(400, 6)
    found = attacked(network, x, space(6), attacks=["noise", "fgsm", "pgd"], eps=EPS, norm=norm)
    noise, fgsm, pgd = np.reshape([outcome.flipped.sum() for outcome in found.outcomes], (3, len(EPS)))
    assert (pgd >= fgsm).all() and (fgsm >= noise).all()
    assert pgd[-1] > fgsm[-1] > noise[-1]


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_what_pgd_flipped_stays_flipped_at_larger_sizes(norm: Norm) -> None:
    network, x = Network(6, 3, seed=4), rows(200, 6)
    found = attacked(network, x, space(6), attacks=["pgd"], eps=EPS[::-1], norm=norm).outcomes
    assert [outcome.eps for outcome in found] == EPS
    for smaller, larger in pairwise(found):
        assert not (smaller.flipped & ~larger.flipped).any()
        np.testing.assert_array_equal(
            larger.adversarial[smaller.flipped], smaller.adversarial[smaller.flipped]
        )
    assert found[-1].flipped.sum() > found[1].flipped.sum() > 0


def test_size_zero_changes_nothing() -> None:
    x = rows(50, 4)
    x[:, 0] = -0.0
    for norm in ("inf", "2"):
        found = attacked(Network(4), x, space(4), attacks=["noise", "fgsm", "pgd"], eps=[0.0], norm=norm)
        for outcome in found.outcomes:
            assert outcome.adversarial.tobytes() == x.tobytes() and not outcome.flipped.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_runs_are_equal_to_the_last_bit(dtype: type) -> None:
    network, x = Network(6, 3), rows(150, 6, dtype=dtype)
    one_run, other = (
        attacked(network, x, space(6), attacks=["noise", "fgsm", "pgd"], eps=[0.1, 0.3]) for _ in range(2)
    )
    for a, b in zip(one_run.outcomes, other.outcomes, strict=True):
        assert a.adversarial.dtype == dtype
        assert (
            a.adversarial.tobytes() == b.adversarial.tobytes() and a.flipped.tobytes() == b.flipped.tobytes()
        )


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_the_batch_changes_nothing(norm: Norm) -> None:
    network, x = Network(6, 3), rows(150, 6)
    small, large = (
        attacked(
            network, x, space(6), attacks=["noise", "fgsm", "pgd"], eps=[0.1, 0.3], norm=norm, batch=size
        )
        for size in (7, 1000)
    )
    for a, b in zip(small.outcomes, large.outcomes, strict=True):
        assert (a.attack, a.eps) == (b.attack, b.eps)
        np.testing.assert_allclose(a.adversarial, b.adversarial, atol=1e-5)
        np.testing.assert_array_equal(a.flipped, b.flipped)


def test_the_model_is_traced_once_and_unmoved_rows_are_not_judged() -> None:
    network, x, seen = Network(6), rows(150, 6), []

    def judge(given: np.ndarray) -> np.ndarray:
        seen.append(given)
        return network.judge(given)

    options = {"attacks": ["pgd", "noise", "fgsm"], "eps": [0.0, 0.1, 0.2], "batch": 40}
    found = attacked(network, x, space(6), judge, **options)
    assert network.traced == 1
    assert [outcome.attack for outcome in found.outcomes] == ["pgd"] * 3 + ["noise"] * 3 + ["fgsm"] * 3
    unchanged = {row.tobytes() for row in x}
    assert not any(row.tobytes() in unchanged for given in seen[1:] for row in given)
