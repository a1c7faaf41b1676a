"""The smallest changes: still flips, never larger, and what each column does by itself."""

from __future__ import annotations

import numpy as np
import pytest

from audit.attacks.batch import Batch
from audit.attacks.minimal_perturbation import NotFlipped, flip_share_by_column, shrink
from audit.attacks.threat_model import ThreatModel

from .kit import Network, attacked, one, rows, space

MOVABLE = np.arange(6) != 4


def flipped(
    network: Network, where: ThreatModel, eps: float = 0.8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, moved and classes of the rows that PGD flips."""
    x = rows(300, 6)
    x[:, where.integer] = np.rint(4 * x[:, where.integer])
    found = one(attacked(network, x, where, attacks=["pgd"], eps=[eps]))
    assert found.flipped.sum() > 50
    return x[found.flipped], found.adversarial[found.flipped], network.judge(x)[found.flipped]


@pytest.mark.parametrize("classes", [2, 3])
def test_a_shrunk_change_still_flips_and_is_nowhere_larger(classes: int) -> None:
    network, where = (
        Network(6, classes),
        space(6, scale=[1, 4, 2, 1, 1, 1], movable=MOVABLE, integer=np.arange(6) == 1),
    )
    x, moved, y = flipped(network, where)
    found = shrink(Batch(x, y, where, "inf", network.judge), moved)
    assert found.dtype == x.dtype and (network.judge(found) != y).all()
    assert (np.abs(found - x) <= np.abs(moved - x)).all()
    assert ((found - x) * (moved - x) >= 0).all()
    assert (found[:, 1] == np.rint(found[:, 1])).all() and (found[:, 1] != moved[:, 1]).any()
    assert found[:, ~MOVABLE].tobytes() == x[:, ~MOVABLE].tobytes()
    assert ((found != x).sum(1) < (moved != x).sum(1)).mean() > 0.5


def test_the_columns_that_stay_changed_are_those_of_the_greedy_walk() -> None:
    """Column by column and row by row, the one that changed least (in its own unit) first."""
    network, where = Network(6, seed=2), space(6, scale=[1, 0.5, 2, 1, 1, 3], movable=MOVABLE)
    x, moved, y = flipped(network, where)
    found = shrink(Batch(x, y, where, "inf", network.judge), moved)
    for row in range(len(x)):
        left = moved[row].copy()
        for column in sorted(
            range(6), key=lambda c: abs(float(moved[row, c]) - float(x[row, c])) / where.scale[c]
        ):
            tried = left.copy()
            tried[column] = x[row, column]
            if network.judge(tried[None])[0] != y[row]:
                left = tried
        np.testing.assert_array_equal(found[row] != x[row], left != x[row])


def test_the_rest_ends_just_behind_the_boundary() -> None:
    """One column of a linear model: the boundary is known."""
    x = np.linspace(-1, -0.1, 40)[:, None]
    found = shrink(Batch(x, np.zeros(40, int), space(1), "inf", lambda x: (x[:, 0] > 0).astype(int)), x + 2)
    assert (found > 0).all() and (found <= 2 * 2.0**-12).all()


def test_the_columns_that_are_left_shrink_together() -> None:
    x, moved = np.array([[-0.5, -0.5]]), np.array([[0.5, 0.6]])
    found = shrink(Batch(x, np.array([False]), space(2), "inf", lambda x: x.min(1) > 0), moved)
    np.testing.assert_allclose(found, [[0, 0.05]], atol=1e-3)


def test_a_fraction_in_an_integer_column_is_not_left_backwards() -> None:
    """Halfway to 38 the nearest whole number is 37, which lies on the other side of 37.2."""
    x = np.array([[37.2]])
    found = shrink(
        Batch(x, np.array([False]), space(1, integer=True), "inf", lambda given: (given != 37.2)[:, 0]),
        np.array([[38.0]]),
    )
    assert found == 38


def test_rows_that_did_not_flip_are_refused_and_no_rows_are_no_problem() -> None:
    network, x = Network(6), rows(5, 6)
    with pytest.raises(NotFlipped, match="5 of 5 rows are not flipped"):
        shrink(Batch(x, network.judge(x), space(6), "inf", network.judge), x)
    empty = Batch(x[:0], np.zeros(0, int), space(6), "inf", network.judge)
    assert shrink(empty, x[:0]).shape == (0, 6)
    assert np.isnan(flip_share_by_column(empty, x[:0])).all()


def test_what_each_column_does_alone() -> None:
    network, where = Network(6, 3), space(6, movable=MOVABLE)
    x, moved, y = flipped(network, where)
    expected = np.zeros(6)
    for row in range(len(x)):
        for column in range(6):
            tried = x[row].copy()
            tried[column] = moved[row, column]
            expected[column] += network.judge(tried[None])[0] != y[row]
    np.testing.assert_allclose(
        flip_share_by_column(Batch(x, y, where, "inf", network.judge), moved), expected / len(x)
    )
    assert expected.max() > 0 and expected[4] == 0
