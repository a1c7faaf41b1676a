"""Effective sizes of weighted proportions, against the linearized variance summed row by row."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.effective_size import effective_size
from audit.stats.group_rates import _weigh, count_cells, rates, rates_of_cells


def linearized(event: np.ndarray, weights: np.ndarray) -> float:
    """Return p (1 - p) over the Taylor-linearized variance of a weighted mean (Särndal et al. 1992, 5.6)."""
    share = np.average(event, weights=weights)
    variance = sum((w * (e - share)) ** 2 for w, e in zip(weights, event, strict=True)) / weights.sum() ** 2
    return float(share * (1 - share) / variance)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(14)


@pytest.mark.parametrize("heavy", [1.0, 3.0, 10.0])
def test_events_of_one_weight_have_the_linearized_size(random: np.random.Generator, heavy: float) -> None:
    event = random.random(400) < 0.03
    weights = np.where(event, heavy, 1.0)
    found = rates(event, np.zeros(400, np.int64), 1, weights).trials[0]
    kish = weights.sum() ** 2 / (weights**2).sum()
    assert found == pytest.approx(min(kish, linearized(event, weights)))
    assert heavy == 1.0 or found < 0.8 * kish


def test_one_event_of_average_weight_counts_as_the_heaviest(random: np.random.Generator) -> None:
    event, weights = random.random(60) < 0.2, random.gamma(2.0, size=60)
    share = np.average(event, weights=weights)
    squares = []
    for kind in (event, ~event):
        w = weights[kind]
        average = (w**2).sum() / w.sum()
        squares.append((w**2).sum() + max(w.max() ** 2 - average**2, 0.0))
    variance = ((1 - share) ** 2 * squares[0] + share**2 * squares[1]) / weights.sum() ** 2
    expected = min(share * (1 - share) / variance, weights.sum() ** 2 / (weights**2).sum())
    assert rates(event, np.zeros(60, np.int64), 1, weights).trials[0] == pytest.approx(expected)


def test_events_that_a_group_lacks_may_be_as_heavy_as_elsewhere() -> None:
    """In the second group every event is four times as heavy as its mean row; the first group has none."""
    event = np.array([False] * 20 + [True] * 2 + [False] * 8)
    weights = np.array([3.0] * 20 + [16.0] * 2 + [1.0] * 8)
    group = np.repeat([0, 1], [20, 10])
    assert rates(event, group, 2, weights).trials[0] == pytest.approx(20 / (16 / 4))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.99, 1.0])
def test_equal_weights_give_exactly_the_unweighted_counts(random: np.random.Generator, share: float) -> None:
    event, group = random.random(700) < share, random.integers(0, 3, 700)
    plain = rates(event, group, 3)
    for weight in (1.0, 0.3, 7.0):
        weighted = rates(event, group, 3, np.full(700, weight))
        np.testing.assert_allclose(weighted.trials, plain.trials, rtol=1e-12)
        np.testing.assert_allclose(weighted.events, plain.events, rtol=1e-12)
    by_group = rates(event, group, 3, np.array([0.5, 2.0, 9.0])[group])
    np.testing.assert_allclose(by_group.trials, plain.trials, rtol=1e-12)


@pytest.mark.parametrize("clusters", [None, np.arange(500) // 4])
def test_the_scale_of_weights_and_the_order_of_rows_change_nothing(
    random: np.random.Generator, clusters: np.ndarray | None
) -> None:
    event, group, weights = random.random(500) < 0.2, random.integers(0, 4, 500), random.lognormal(size=500)
    found = rates(event, group, 4, weights, clusters)
    order = random.permutation(500)
    moved = None if clusters is None else clusters[order]
    other = rates(event[order], group[order], 4, weights[order] * 1e6, moved)
    np.testing.assert_allclose(found.trials, other.trials, rtol=1e-9)
    np.testing.assert_allclose(found.events, other.events, rtol=1e-9)
    opposite = rates(~event, group, 4, weights, clusters)
    np.testing.assert_allclose(found.trials, opposite.trials, rtol=1e-9)


def test_never_more_than_kish_s_size_nor_than_the_rows(random: np.random.Generator) -> None:
    for _ in range(300):
        rows = int(random.integers(1, 40))
        event, weights = random.random(rows) < random.random(), random.gamma(0.5, size=rows) + 1e-3
        kish = weights.sum() ** 2 / (weights**2).sum()
        found = rates(event, np.zeros(rows, np.int64), 1, weights)
        assert 0 < found.trials[0] <= kish * (1 + 1e-12) <= rows * (1 + 1e-9)
        assert -1e-12 <= found.events[0] <= found.trials[0] * (1 + 1e-12)


def test_cells_count_as_their_rows(random: np.random.Generator) -> None:
    label, predicted, group = random.random(900) < 0.4, random.random(900) < 0.5, random.integers(0, 3, 900)
    weights = np.where(label, 4.0, 1.0) * random.gamma(2.0, size=900)
    cells = count_cells(group, label, predicted, weights)
    found = rates_of_cells(cells.predicted, cells.label, cells, 3)
    expected = rates(predicted[label], group[label], 3, weights[label])
    np.testing.assert_allclose(found.trials, expected.trials, rtol=1e-9)
    np.testing.assert_allclose(found.events, expected.events, rtol=1e-9)


def test_clusters_have_the_linearized_size_of_their_totals(random: np.random.Generator) -> None:
    """Large clusters that are wrong as a whole, small ones that are right."""
    sizes = np.where(np.arange(60) % 20 == 0, 12, 2)
    clusters = np.repeat(np.arange(60), sizes)
    event = np.repeat(sizes < 12, sizes)
    share = event.mean()
    variance = sum(((event - share)[clusters == c].sum()) ** 2 for c in range(60)) / len(event) ** 2
    found = rates(event, np.zeros(len(event), np.int64), 1, None, clusters).trials[0]
    kish = len(event) ** 2 / (sizes**2).sum()
    assert found == pytest.approx(min(kish, share * (1 - share) / variance)) and found < 0.75 * kish


def test_a_group_without_weight_has_no_trials() -> None:
    event, group = np.array([True, False, True]), np.array([0, 0, 1])
    assert rates(event, group, 2, np.array([1.0, 1.0, 0.0])).trials.tolist() == [2.0, 0.0]
    assert effective_size(np.array([0]), *_weigh(event[:0], group[:0], 1, np.empty(0))).tolist() == [0.0]
