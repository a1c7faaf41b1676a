"""Proportions that err together in clusters, against the linearized variance of the whole statistic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from audit.stats.group_rates import rates
from audit.stats.joint_variance import (
    ClusteredRows,
    Errors,
    implied_variance,
    share_left,
    share_left_of_differences,
)


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return clusters of six rows that are right or wrong as a whole, with both classes in each."""
    random = np.random.default_rng(3)
    clusters = np.repeat(np.arange(50), 6)
    return random.random(50)[clusters] < 0.7, random.random(300) < 0.5, clusters


def test_two_recalls_keep_what_their_sum_s_variance_leaves(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    correct, label, clusters = rows
    of_class = rates(correct, label.astype(np.int64), 2, None, clusters)
    implied = np.array([implied_variance(of_class).sum()])
    parts = ClusteredRows(label.astype(np.int64), 2, None, clusters)
    found = share_left(
        implied, Errors(parts.owner * 0, parts.cluster, parts.errors(correct, np.ones(300, bool)))
    )
    influence = sum(side * (correct - correct[side].mean()) / side.sum() for side in (label, ~label))
    joint = (np.bincount(clusters, influence) ** 2).sum()
    own = sum(
        (np.bincount(clusters, side * (correct - correct[side].mean()) / side.sum()) ** 2).sum()
        for side in (label, ~label)
    )
    inflated = own + (joint - own) * 50 / 49 * (t.ppf(0.975, 49) / norm.ppf(0.975)) ** 2
    assert found == pytest.approx([implied[0] / inflated]) and found[0] < 0.7


def test_proportions_of_different_clusters_keep_all(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    correct, _, clusters = rows
    group = (clusters < 20).astype(np.int64)
    of_group = rates(correct, group, 2, None, clusters)
    parts = ClusteredRows(group, 2, None, clusters)
    left = share_left_of_differences(
        implied_variance(of_group), parts, [parts.errors(correct, np.ones(300, bool))]
    )
    assert left[0] == pytest.approx(1.0)


def test_opposite_errors_of_two_groups_in_a_cluster_widen_their_difference() -> None:
    """Each cluster prefers one of its two groups; the difference varies twice as much as its terms."""
    random = np.random.default_rng(5)
    clusters = np.repeat(np.arange(80), 4)
    group = np.tile([0, 0, 1, 1], 80)
    event = (random.random(80) < 0.5)[clusters] ^ (group == 1)
    of_group = rates(event, group, 2, None, clusters)
    parts = ClusteredRows(group, 2, None, clusters)
    left = share_left_of_differences(
        implied_variance(of_group), parts, [parts.errors(event, np.ones(320, bool))]
    )
    assert left[0] == pytest.approx(0.5, rel=0.05)
    agreeing = (random.random(80) < 0.5)[clusters]
    of_group = rates(agreeing, group, 2, None, clusters)
    left = share_left_of_differences(
        implied_variance(of_group), parts, [parts.errors(agreeing, np.ones(320, bool))]
    )
    assert left[0] == pytest.approx(1.0)  # errors that cancel are not counted on
