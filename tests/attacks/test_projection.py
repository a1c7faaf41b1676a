"""Nothing leaves the ball or the range, whatever the perturbation; and what left them is found out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.attacks.projection import Ball
from audit.attacks.threat_model import Norm, ThreatModel

from .kit import Network, attacked, rows, space


@dataclass
class Case:
    ball: Ball
    x: np.ndarray
    eta: np.ndarray


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Rows inside and outside the range, of any magnitude, and perturbations from none to far too large."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    columns = shape[1]
    scale = 10.0 ** rng.uniform(-3, 3, columns)
    centre = rng.choice([0, 1, 1e3, 1e7], columns) * rng.normal(size=columns)
    integer = rng.random(columns) < 0.4
    low, high = centre - scale * rng.uniform(0, 3, columns), centre + scale * rng.uniform(0, 3, columns)
    x = centre + scale * rng.normal(size=shape) * 2
    x = np.where(integer & (rng.random(shape) < 0.9), np.rint(x), x)
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    norm: Norm = draw(st.sampled_from(["inf", "2"]))
    eps = draw(st.sampled_from([0.0, 1e-9, 0.1, 0.5, 3.0]))
    where = ThreatModel(scale, low, high, rng.random(columns) < 0.7, integer)
    eta = (rng.normal(size=shape) * 10.0 ** rng.uniform(-9, 3, shape) * (rng.random(shape) < 0.8)).astype(
        dtype
    )
    return Case(Ball(where, norm, eps), x.astype(dtype), eta)


@given(cases())
@settings(max_examples=400)
def test_what_is_placed_lies_inside(case: Case) -> None:
    ball, x = case.ball, case.x
    moved = ball.place(x, case.eta)
    assert moved.dtype == x.dtype
    away = np.abs(moved.astype(np.float64) - x) / ball.threat_model.scale
    size = away.max(1) if ball.norm == "inf" else np.linalg.norm(away, axis=1)
    assert (size <= ball.eps * (1 + 1e-6)).all()
    for column in range(x.shape[1]):
        low, high, was, now = (
            ball.threat_model.low[column],
            ball.threat_model.high[column],
            x[:, column],
            moved[:, column],
        )
        if not ball.threat_model.movable[column]:
            assert was.tobytes() == now.tobytes()
        assert ((now >= low) | (now >= was)).all() and ((now <= high) | (now <= was)).all()
        if ball.threat_model.integer[column]:
            assert ((now == np.round(now)) | (now == was)).all()


@given(cases())
@settings(max_examples=200)
def test_numbers_stop_where_the_ball_or_the_range_ends_and_not_before(case: Case) -> None:
    ball, x, rounding = case.ball, case.x.astype(np.float64), np.spacing(np.abs(case.x).max()) * 4
    where = ball.threat_model
    eta = case.eta.astype(np.float64) * where.movable
    if ball.norm == "inf":
        eta = np.minimum(np.maximum(eta, -ball.eps), ball.eps)
    else:
        length = np.linalg.norm(eta, axis=1, keepdims=True)
        eta = np.where(length > ball.eps, eta * ball.eps / np.where(length > 0, length, 1), eta)
    expected = x + eta * where.scale
    expected = np.where(expected > x, np.minimum(expected, np.maximum(x, where.high)), expected)
    expected = np.where(expected < x, np.maximum(expected, np.minimum(x, where.low)), expected)
    numbers = ~where.integer
    moved = ball.place(case.x, case.eta)
    np.testing.assert_allclose(moved[:, numbers], expected[:, numbers], rtol=1e-6, atol=rounding)


def test_whole_numbers_are_the_nearest_that_lie_inside() -> None:
    """Against trying all of them."""
    rng = np.random.default_rng(0)
    where = ThreatModel(
        np.array([1.7]), np.array([-3.4]), np.array([5.2]), np.array([True]), np.array([True])
    )
    x = np.concatenate([rng.integers(-6, 9, 150), rng.uniform(-6, 9, 50)])[:, None].astype(np.float32)
    eta = rng.normal(size=x.shape).astype(np.float32)
    moved = Ball(where, "inf", 1.1).place(x, eta)
    for was, push, now in zip(x[:, 0].astype(float), eta[:, 0].astype(float), moved[:, 0], strict=True):
        wish = np.clip(was + np.clip(push, -1.1, 1.1) * 1.7, min(was, -3.4), max(was, 5.2))
        inside = [n for n in range(-12, 13) if abs(n - was) <= 1.87 and min(was, -3.4) <= n <= max(was, 5.2)]
        assert (
            (now == np.float32(was))
            if not inside
            else (abs(now - wish) <= min(abs(n - wish) for n in inside) + 1e-6)
        )
    assert (moved != x).mean() > 0.4


def test_whole_numbers_that_leave_the_ball_together_are_rounded_back() -> None:
    where = space(3, scale=1.0, integer=[True, True, False])
    moved = Ball(where, "2", 1.0).place(
        np.zeros((2, 3), np.float32), np.array([[0.7, 0.6, 0.3], [0.9, 0.1, 0]])
    )
    np.testing.assert_allclose(moved, [[0.0, 0.0, 0.3], [1.0, 0.0, 0.0]], rtol=0.05)


def test_a_fraction_that_no_attack_moves_stays_one() -> None:
    x = np.array([[37.5], [37.5], [37.0]], np.float32)
    moved = Ball(space(1, integer=True), "inf", 1.0).place(x, np.array([[0], [0.6], [0.6]]))
    assert moved.tolist() == [[37.5], [38], [38]]


@pytest.mark.parametrize(
    ("moved", "broken"),
    [
        ([[1.2, 0, 0, 5]], "left the ball"),
        ([[float("nan"), 0, 0, 5]], "left the ball"),
        ([[0.5, -0.6, 0, 5]], "left the range"),
        ([[0.5, 0, 0.5, 5]], "not whole"),
        ([[1, 0, 0, 5.0001]], "must not move"),
    ],
)
@pytest.mark.parametrize("norm", ["inf", "2"])
def test_a_broken_promise_is_an_error(norm: Norm, moved: list[list[float]], broken: str) -> None:
    where = space(4, low=-0.5, movable=[1, 1, 1, 0], integer=[0, 0, 1, 0])
    where = ThreatModel(
        where.scale, where.low, where.high, where.movable.astype(bool), where.integer.astype(bool)
    )
    ball, x = Ball(where, norm, 1.0), np.array([[0, 0, 0, 5]])
    ball.verify(x.astype(np.float64), np.array([[1.0, 0, 0, 5]]))
    with pytest.raises(RuntimeError, match=broken):
        ball.verify(x.astype(np.float64), np.array(moved))


def test_what_holds_for_the_ball_holds_for_every_attack() -> None:
    """Codes and numbers that are not finite keep their bits; whole numbers stay whole; outliers come no further."""
    network, x = Network(6), rows(200, 6)
    x[:, 1] = np.rint(x[:, 1] * 10)
    x[0, 2], x[1, 2], x[:, 5] = np.nan, 50, -0.0
    movable, integer = np.arange(6) < 5, np.arange(6) == 1
    where = space(6, scale=[0.5, 8, 1, 2, 1, 1], low=-1.0, high=1.5, movable=movable, integer=integer)
    where.low[1], where.high[1] = -20, 20

    def judge(given: np.ndarray) -> np.ndarray:
        return network.judge(np.nan_to_num(given))

    for norm in ("inf", "2"):
        found = attacked(
            network, x, where, judge, attacks=["noise", "fgsm", "pgd"], eps=[0.1, 0.4], norm=norm
        )
        for outcome in found.outcomes:
            moved = outcome.adversarial
            assert moved[:, 5].tobytes() == x[:, 5].tobytes() and np.isnan(moved[0, 2])
            assert (moved[:, 1] == np.rint(moved[:, 1])).all() and moved[1, 2] <= 50
            rest = np.delete(moved, [1, 5], 1)[2:]
            before = np.delete(x, [1, 5], 1)[2:]
            assert ((rest >= -1) | (rest >= before)).all() and ((rest <= 1.5) | (rest <= before)).all()
            assert (moved[:, 1] != x[:, 1]).any() or norm == "2" or outcome.eps < 0.125
            np.testing.assert_array_equal(outcome.flipped, judge(moved) != judge(x))
