"""Faithfulness is near 1 for values that name what made the output, and 0.5 for values that are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from audit.attribution.faithfulness import faithfulness

ROWS, REFERENCES = (
    np.random.default_rng(0).normal(size=(300, 8)),
    np.random.default_rng(1).normal(size=(30, 8)),
)
WEIGHTS = np.array([5, 0.1, 3, 0.1, 0.1, 0, 0, 0])


def linear(x: np.ndarray) -> np.ndarray:
    return np.asarray(x @ WEIGHTS)


def even(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.sum(1))


PHI = WEIGHTS * (ROWS - REFERENCES[:20].mean(0))


def test_true_values_of_an_additive_model_are_faithful() -> None:
    """Whatever the signs: the two that matter push the same way in half of the rows only."""
    assert faithfulness(linear, ROWS, REFERENCES[:20], PHI, 0).mean() > 0.93
    own = ROWS - REFERENCES[:20].mean(0)
    assert faithfulness(even, ROWS, REFERENCES[:20], own, 0).min() >= 0.5


def test_drawn_values_are_at_chance_and_reversed_ones_below() -> None:
    drawn = np.random.default_rng(2).normal(size=PHI.shape)
    for function in (linear, even):
        assert abs(faithfulness(function, ROWS, REFERENCES, drawn, 0).mean() - 0.5) < 0.1
        assert faithfulness(function, ROWS, REFERENCES, -PHI, 0).mean() < 0.4


def test_a_row_wins_when_its_top_features_take_back_more_than_others_of_the_same_number() -> None:
    """By hand: 2 of 8 features are taken, and one reference row stands for them."""
    won = faithfulness(linear, ROWS[:50], REFERENCES[:1], PHI[:50], 3)
    side = np.sign(PHI[:50].sum(1))[:, None]
    back = side * WEIGHTS * (ROWS[:50] - REFERENCES[0])
    order = np.argsort(-side * PHI[:50], axis=1, kind="stable")[:, :2]
    taken = np.argsort(np.random.default_rng([3, 2]).random((50, 8)), axis=1, kind="stable")[:, :2]
    top, random = (np.take_along_axis(back, places, 1).sum(1) for places in (order, taken))
    np.testing.assert_array_equal(won, np.where(np.isclose(top, random), 0.5, top > random))
    assert set(won) >= {0.0, 1.0}


def test_what_moves_alike_ties() -> None:
    assert (faithfulness(lambda x: np.zeros(len(x)), ROWS, REFERENCES, PHI, 0) == 0.5).all()
    assert (faithfulness(even, ROWS[:, :1], REFERENCES[:, :1], PHI[:, :1], 0) == 0.5).all()


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = faithfulness(linear, ROWS, REFERENCES, PHI, 0)
    monkeypatch.setattr("audit.attribution.faithfulness._MAX_CELLS", 1)
    np.testing.assert_array_equal(faithfulness(linear, ROWS, REFERENCES, PHI, 0), whole)
