"""Rows that are finished take no further steps; nothing else may follow from that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attacks import AttackContext, Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.projected_gradient_descent import run
from audit.attacks.row_rng import Draws
from audit.attacks.threat_model import Norm

from .kit import Judge, Network, rows, space

SPACE = space(5)


class Counted(GradientAscent):
    """Notes how many rows make how many steps."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.made: list[tuple[int, int]] = []

    def climb(self, x: np.ndarray, *given: Any) -> Any:
        self.made.append((len(x), given[-1]))
        return super().climb(x, *given)


def climbs(network: Network, x: np.ndarray, judge: Judge, eps: list[float], norm: Norm = "inf") -> Any:
    ascent = Counted(network.logits, SPACE, norm, x.dtype)
    draws = Draws.of(np.arange(len(x)), 0)
    context = AttackContext(Plan(["pgd"], eps, 0, 20), draws, np.zeros_like(x), ascent, None)
    found = list(run(Batch(x, judge(x), SPACE, norm, judge), context))
    return ascent.made, found


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_rows_that_have_flipped_drop_out_where_they_flipped(norm: Norm) -> None:
    linear, x = Network(5, hidden=0), rows(100, 5)
    made, ((moved, flipped), _) = climbs(linear, x, linear.judge, [50.0, 60.0], norm)
    assert flipped.all() and (linear.judge(moved) != linear.judge(x)).all()
    assert made == [(100, 5)]
    assert np.abs(moved - x).max() < 50 * 2.5 * 5 / 20 + 1e-3


def test_rows_that_stand_in_a_corner_drop_out() -> None:
    """Corners are reached after 8 steps of 20; that it stands still, a row shows in the step after."""
    made, ((moved, flipped),) = climbs(
        Network(5, hidden=0), rows(100, 5), lambda x: np.zeros(len(x), int), [0.5]
    )
    assert made == [(100, 5), (100, 5)] and not flipped.any()
    np.testing.assert_allclose(np.abs(moved - rows(100, 5)), 0.5, rtol=1e-5)


def test_rows_that_the_judge_does_not_give_up_go_on() -> None:
    """Its threshold is not that of the logits."""
    linear, x = Network(5, hidden=0), rows(100, 5)

    def judge(given: np.ndarray) -> np.ndarray:
        return (np.diff(linear.margins(given)) > 3).astype(int)[:, 0]

    made, ((moved, flipped),) = climbs(linear, x, judge, [1.0])
    weight = linear.weights[0][:, 1] - linear.weights[0][:, 0]
    away = np.where(judge(x) == 1, -1, 1)[:, None] * np.sign(weight)
    np.testing.assert_array_equal(flipped, judge(x + away) != judge(x))
    np.testing.assert_array_equal(flipped, judge(moved) != judge(x))
    assert flipped.any() and not flipped.all() and sum(count for count, _ in made) > 100
