"""Effective sizes under weights and clusters, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.result import Measurement
from audit.stats import interval
from audit.stats.group_rates import rates


def count(event: list[int], **given: Any) -> tuple[list[float], list[float]]:
    values = np.array(event, bool)
    group = np.array(given.pop("group", np.zeros(len(values))), np.int32)
    arrays = {name: np.array(value) for name, value in given.items()}
    with np.errstate(all="ignore"):
        found = rates(values, group, int(group.max()) + 1, **arrays)
    return list(found.value), list(found.trials)


def test_rows_count_themselves() -> None:
    assert count([1, 0, 1, 1, 0], group=[0, 0, 0, 1, 1]) == ([2 / 3, 1 / 2], [3, 2])


def test_kish_s_size_of_weights() -> None:
    value, trials = count([1, 0, 0], weights=[2.0, 1.0, 1.0])
    assert value == [0.5] and trials[0] == pytest.approx(16 / 6)
    assert count([1, 0], weights=[5.0, 5.0])[1] == [2]


@pytest.mark.parametrize("copies", [2, 5])
def test_clusters_of_equal_rows_count_once(copies: int) -> None:
    event = [1, 0, 0, 1, 0, 0, 1, 0, 0, 0]
    assert count(event * copies, clusters=list(range(10)) * copies)[1] == [10]


def test_clusters_of_unequal_size_have_kish_s_size() -> None:
    value, trials = count([1] * 6, clusters=[0, 0, 0, 1, 1, 2])
    assert value == [1.0] and trials[0] == pytest.approx(6**2 / (3**2 + 2**2 + 1))


def test_a_single_row_that_differs_does_not_free_its_cluster() -> None:
    """An estimated design effect would jump from 8 observations to 4,000 here."""
    event, clusters = [1] * 4000, list(np.repeat(np.arange(8), 500))
    assert count(event, clusters=clusters)[1] == count([0, *event[1:]], clusters=clusters)[1] == [8]


def test_clusters_carry_their_weights() -> None:
    _, trials = count([1, 0, 1], weights=[1.0, 1.0, 4.0], clusters=[0, 0, 1])
    assert trials[0] == pytest.approx((2 + 4) ** 2 / (2**2 + 4**2))


def test_a_group_without_rows_has_no_rate() -> None:
    value, trials = count([1, 0], group=[0, 2], clusters=[0, 1])
    assert np.isnan(value[1]) and trials[1] == 0


@pytest.mark.parametrize(
    ("clusters", "rows", "r", "p"), [(4, 500, 0.1, 0.8), (10, 200, 0.3, 0.9), (20, 50, 0.3, 0.95)]
)
def test_intervals_cover_whatever_the_correlation_in_clusters(
    clusters: int, rows: int, r: float, p: float
) -> None:
    """By simulation; the design effect estimated from so few clusters covers 87 to 89 % here."""
    random, repeats = np.random.default_rng(10), 600
    covered = 0
    for _ in range(repeats):
        rate = random.beta(p * (1 - r) / r, (1 - p) * (1 - r) / r, clusters)
        event = (random.random((clusters, rows)) < rate[:, None]).reshape(-1)
        group = np.zeros(len(event), np.int32)
        found = rates(event, group, 1, clusters=np.repeat(np.arange(clusters), rows))
        at = Measurement(metric="m", value=0, n=1, method="clopper-pearson", counts={"rate": found.counts(0)})
        low, high = interval(at, 0.95) or (0.0, 0.0)
        covered += low <= p <= high
    assert covered / repeats >= 0.935
