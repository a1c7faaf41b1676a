"""What is kept of the rows as moved where there is no room for all: the flipped ones, and nothing else is lost."""

from __future__ import annotations

import numpy as np
import pytest

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.outcomes import AttackOutcomes, rows_per_outcome
from audit.attacks.run import attack

from .kit import Network, rows, space

NETWORK, X = Network(6), rows(200, 6)
EVERYTHING = 4 * 6 * 200 * 6  # two attacks of two sizes, 200 rows of six 32-bit numbers, and some room


def found(memory: int) -> AttackOutcomes:
    judged = Batch(X, NETWORK.judge(X), space(6), "inf", NETWORK.judge)
    plan = Plan(["noise", "pgd"], [0.1, 0.4], seed=0)
    return attack(
        judged, GradientAscent(NETWORK.logits, space(6), "inf", X.dtype), plan, batch_size=30, memory=memory
    )


def test_where_there_is_room_all_rows_are_kept() -> None:
    for outcome in found(EVERYTHING).outcomes:
        assert outcome.stored.tolist() == list(range(200)) and outcome.adversarial.shape == (200, 6)


@pytest.mark.parametrize("places", [1, 20, 60])
def test_else_the_first_that_flipped(places: int) -> None:
    for outcome, whole in zip(found(4 * 6 * 4 * places).outcomes, found(EVERYTHING).outcomes, strict=True):
        np.testing.assert_array_equal(outcome.flipped, whole.flipped)
        np.testing.assert_array_equal(outcome.stored, np.flatnonzero(whole.flipped)[:places])
        index, moved = outcome.examples()
        np.testing.assert_array_equal(index, outcome.stored)
        np.testing.assert_allclose(moved, whole.adversarial[outcome.stored], atol=1e-6)
    assert whole.flipped.sum() > 60


def test_all_outcomes_together_stay_within_the_memory() -> None:
    pictures = np.zeros((1000, 96 * 96 * 3), np.float32)
    each = rows_per_outcome(9, pictures)
    assert 9 * each * pictures[0].nbytes <= 2**28 < 9 * (each + 1) * pictures[0].nbytes
    assert rows_per_outcome(9, np.zeros((2, 10**8), np.int8)) == 1
