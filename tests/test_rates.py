"""Effective sizes under weights and clusters, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.rates import rates


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
    """n clusters of equal rows: p (1 - p) over the between-cluster variance p (1 - p) / (n - 1)."""
    event = [1, 0, 0, 1, 0, 0, 1, 0, 0, 0]
    _, trials = count(event * copies, clusters=list(range(10)) * copies)
    assert trials[0] == pytest.approx(9)


def test_clusters_that_cancel_out_never_count_more_than_the_rows() -> None:
    _, trials = count([1, 0, 0, 1, 1, 0], clusters=[0, 0, 1, 1, 2, 2])
    assert trials[0] <= 6


def test_where_all_rows_agree_the_clusters_are_the_trials() -> None:
    value, trials = count([1] * 6, clusters=[0, 0, 0, 1, 1, 2])
    assert (value, trials) == ([1.0], [3.0])


def test_a_group_without_rows_has_no_rate() -> None:
    value, trials = count([1, 0], group=[0, 2], clusters=[0, 1])
    assert np.isnan(value[1]) and trials[1] == 0


def test_design_effect_of_the_textbook() -> None:
    """Equal clusters of m rows with intra-cluster correlation r: the design effect is 1 + (m - 1) r."""
    random, m, n, r = np.random.default_rng(10), 8, 6000, 0.3
    rate = random.beta(0.4 * (1 - r) / r, 0.6 * (1 - r) / r, n)
    event = random.random((n, m)) < rate[:, None]
    _, trials = count(list(event.reshape(-1)), clusters=list(np.repeat(np.arange(n), m)))
    assert n * m / trials[0] == pytest.approx(1 + (m - 1) * r, rel=0.05)
