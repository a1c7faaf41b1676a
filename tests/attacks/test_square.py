"""The attack without a gradient: against every cell of small trees, against PGD, and within its means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.outcomes import AttackOutcomes
from audit.attacks.patches import ColumnPatches, SquarePatches
from audit.attacks.run import attack
from audit.attacks.threat_model import Norm, ThreatModel

from .kit import Network, rows, space

Scores = Callable[[np.ndarray], np.ndarray]


def searched(
    scores: Scores,
    x: np.ndarray,
    where: ThreatModel,
    eps: Sequence[float],
    norm: Norm = "inf",
    **options: Any,
) -> AttackOutcomes:
    """Attack what has the largest of ``scores`` ``(rows, classes)``."""

    def log_odds(given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = scores(given)
        return found, found.argmax(1)

    def judge(given: np.ndarray) -> np.ndarray:
        return log_odds(given)[1]

    batch = options.pop("batch", 64)
    given = Batch(x, judge(x), where, norm, judge, log_odds)
    return attack(given, None, Plan(["square"], eps, **{"seed": 0, **options}), batch_size=batch)


class Forest:
    """A few trees of depth 4 to 6 on columns that hang together in pairs."""

    def __init__(self, columns: int, trees: int, depth: int) -> None:
        from sklearn.ensemble import RandomForestClassifier

        rng = np.random.default_rng(columns)
        x = rng.normal(size=(1500, columns))
        y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + 0.5 * rng.normal(size=1500) > 0
        model = RandomForestClassifier(trees, max_depth=depth, random_state=0).fit(x, y)
        parts = self.parts = [tree.tree_ for tree in model.estimators_]
        self.thresholds = [
            sorted({t for part in parts for t in part.threshold[part.feature == column]})
            for column in range(columns)
        ]

    def scores(self, x: np.ndarray) -> np.ndarray:
        shares = np.mean([part.predict(x.astype(np.float32))[:, :2] for part in self.parts], 0)
        return np.asarray(np.log(np.maximum(shares.reshape(len(x), 2), 1e-9)))

    def can_flip(self, row: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
        """Try a point of every cell that thresholds cut out of the box."""
        sides = [
            [(a + b) / 2 for a, b in pairwise([le, *(t for t in ts if le < t < he), he])]
            for ts, le, he in zip(self.thresholds, low, high, strict=True)
        ]
        points = np.array(list(product(*sides)), np.float32)
        decided = self.scores(points).argmax(1)
        return bool((decided != self.scores(row[None]).argmax()).any())


@pytest.mark.parametrize(("columns", "trees", "depth"), [(4, 1, 6), (6, 1, 5), (4, 5, 4), (6, 5, 5)])
@pytest.mark.parametrize("eps", [0.1, 0.3])
def test_of_the_rows_that_some_cell_of_a_forest_flips_nearly_all_are_found(
    columns: int, trees: int, depth: int, eps: float
) -> None:
    forest, x = Forest(columns, trees, depth), rows(150, columns)
    where = space(columns, low=-1.5, high=1.5)
    low, high = np.maximum(x - eps, np.minimum(-1.5, x)), np.minimum(x + eps, np.maximum(1.5, x))
    possible = np.array([forest.can_flip(*ends) for ends in zip(x, low, high, strict=True)])
    (found,) = searched(forest.scores, x, where, [eps]).outcomes
    assert 15 < possible.sum() < 120
    assert not (found.flipped & ~possible).any()
    assert found.flipped.sum() >= 0.95 * possible.sum()


def test_whole_numbers_are_searched_in_whole_numbers() -> None:
    """Against all of them: one column has to stand at exactly 3, which mostly lies inside its interval."""
    grid = np.array(list(product(range(10), repeat=2)), np.float32)
    x = grid[grid[:, 0] < 6]

    def scores(given: np.ndarray) -> np.ndarray:
        hit = (given[:, 0] == 3) & (given[:, 1] > 4.5)
        return np.stack([~hit, hit], 1).astype(float)

    (found,) = searched(scores, x, space(2, low=0, high=9, integer=True), [2.0]).outcomes
    decided = scores(grid).argmax(1)
    near = np.abs(grid[None] - x[:, None]).max(2) <= 2
    possible = (near & (decided[None] != scores(x).argmax(1)[:, None])).any(1)
    assert (found.adversarial == np.rint(found.adversarial)).all() and 20 < possible.sum() < 50
    np.testing.assert_array_equal(found.flipped, possible)


@pytest.mark.parametrize(("columns", "lifted"), [(40, [17]), (11, [2, 7])])
def test_one_or_two_columns_that_have_to_move_while_all_others_stay_are_found(
    columns: int, lifted: list[int]
) -> None:
    """Elsewhere the score is constant: by chance hardly a row would come there."""
    pattern, x = np.isin(np.arange(columns), lifted), np.zeros((50, columns), np.float32)

    def scores(given: np.ndarray) -> np.ndarray:
        hit = ((given > 0.2) == pattern).all(1)
        return np.stack([~hit, hit], 1).astype(float)

    assert searched(scores, x, space(columns), [0.3]).outcomes[0].flipped.all()


@pytest.mark.parametrize("norm", ["inf", "2"])
@pytest.mark.parametrize(("columns", "classes"), [(6, 2), (6, 3), (20, 2)])
def test_on_a_smooth_model_it_finds_about_what_pgd_does(norm: Norm, columns: int, classes: int) -> None:
    network, x, where = Network(columns, classes, seed=3), rows(120, columns), space(columns)
    eps = [0.05, 0.1, 0.3] if norm == "inf" else [0.2, 0.5, 1.0]
    found = searched(network.margins, x, where, eps, norm)
    judged = Batch(x, network.judge(x), where, norm, network.judge)
    ascent = GradientAscent(network.logits, where, norm, x.dtype)
    expected = attack(judged, ascent, Plan(["pgd"], eps, 0), batch_size=200)
    shares = [[o.flipped.mean() for o in one.outcomes] for one in (found, expected)]
    assert (
        np.array(shares[0]) >= np.array(shares[1]) - 0.03
    ).all()  # what it finds beyond PGD are flips as well
    assert shares[0][0] < shares[0][-1] < 1


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_what_a_smaller_size_flipped_stays_flipped(norm: Norm) -> None:
    network, x = Network(6, 3, seed=4), rows(100, 6)
    found = searched(network.margins, x, space(6), [0.3, 0.05, 0.0, 0.1], norm, queries=60).outcomes
    assert [outcome.eps for outcome in found] == [0, 0.05, 0.1, 0.3]
    assert found[0].adversarial.tobytes() == x.tobytes() and not found[0].flipped.any()
    for smaller, larger in pairwise(found):
        np.testing.assert_array_equal(
            larger.adversarial[smaller.flipped], smaller.adversarial[smaller.flipped]
        )
        assert not (smaller.flipped & ~larger.flipped).any()
    assert found[1].flipped.sum() < found[3].flipped.sum()


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_a_row_s_search_hangs_on_the_seed_and_the_row_only(norm: Norm) -> None:
    """The judge is computed in 64 bits, so that batches change nothing at all."""
    network, x = Network(6, seed=2), rows(60, 6)
    (found,) = searched(network.margins, x, space(6), [0.1], norm).outcomes
    for batch, count in ((7, 60), (1000, 60), (64, 23)):
        (other,) = searched(network.margins, x[:count], space(6), [0.1], norm, batch=batch).outcomes
        np.testing.assert_array_equal(other.adversarial, found.adversarial[:count])
        np.testing.assert_array_equal(other.flipped, found.flipped[:count])
    (other,) = searched(network.margins, x, space(6), [0.1], norm, seed=1).outcomes
    assert (other.adversarial != found.adversarial).any()


@pytest.mark.parametrize(("columns", "queries"), [(3, 1), (3, 40), (40, 30), (40, 500)])
def test_no_row_is_scored_more_often_than_was_allowed(columns: int, queries: int) -> None:
    network, x, asked = Network(columns), rows(20, columns), 0

    def scores(given: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += len(given)
        return np.tile([1.0, 0.0], (len(given), 1))

    searched(scores, x, space(columns), [0.1, 0.2], queries=queries)
    assert asked == 20 * (1 + 2 * queries)  # once to decide them
    asked, linear = 0, network.margins
    easy = searched(lambda given: (scores(given), linear(given))[1], x, space(columns), [50.0], queries=500)
    assert easy.outcomes[0].flipped.all() and asked < 20 * 30


def steps(patches: ColumnPatches | SquarePatches, share: float) -> Iterator[np.ndarray]:
    from audit.attacks.row_rng import Draws

    draws = Draws.of(np.arange(30), 1)
    for turn in range(40):
        yield from patches.partial(draws, turn * patches.width, share)


@pytest.mark.parametrize("share", [0.8, 0.3, 0.001])
def test_a_patch_of_columns_is_a_share_of_them_and_never_none(share: float) -> None:
    found = np.array(list(steps(ColumnPatches(10), share)))
    assert set(np.unique(found)) == {-1, 0, 1} and (found != 0).any(1).all()
    assert (found != 0).mean() == pytest.approx(max(share, 0.1), abs=0.03)
    assert np.abs(found.mean(0)).max() < 0.1 and np.ptp((found != 0).mean(0)) < 0.1


@pytest.mark.parametrize(("share", "side"), [(0.8, 5), (0.45, 4), (0.001, 1)])
def test_a_patch_of_a_picture_is_one_square_inside_it(share: float, side: int) -> None:
    seen = set()
    for patch in steps(SquarePatches((5, 7, 2)), share):
        picture = patch.reshape(5, 7, 2)
        top, left = (np.flatnonzero((picture != 0).any(axis)) for axis in ((1, 2), (0, 2)))
        assert len(top) == len(left) == side == np.ptp(top) + 1 == np.ptp(left) + 1
        square = picture[top[0] : top[0] + side, left[0] : left[0] + side]
        assert (square == square[0, 0]).all() and (square != 0).all()
        seen.add((top[0], left[0], *square[0, 0]))
    assert len(seen) == (6 - side) * (8 - side) * 4


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_pictures_are_searched_by_squares(norm: Norm) -> None:
    """A linear score of the difference between two halves: the best change is known."""
    shape, eps = (8, 8, 1), {"inf": 0.1, "2": 0.8}[norm]
    weight = np.where(np.arange(64) % 8 < 4, 1.0, -1.0) / 64
    x = np.random.default_rng(0).uniform(0.2, 0.8, (60, 64))
    x += (np.linspace(-0.15, 0.15, 60) - x @ weight)[:, None] * weight * 64  # margins at even distances
    where = ThreatModel(np.ones(64), np.zeros(64), np.ones(64), np.ones(64, bool), np.zeros(64, bool), shape)

    def scores(given: np.ndarray) -> np.ndarray:
        margin = given.astype(np.float64) @ weight
        return np.stack([-margin, margin], 1)

    (found,) = searched(scores, x, where, [eps], norm).outcomes
    reach = np.linalg.norm(weight, {"inf": 1, "2": 2}[norm]) * eps
    possible = np.abs(x @ weight) <= reach
    assert not (found.flipped & ~possible).any()
    assert 30 < possible.sum() < 55 and found.flipped.sum() >= 0.7 * possible.sum()
