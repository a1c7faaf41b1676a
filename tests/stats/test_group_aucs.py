"""Areas of all groups from one order, against those of each group alone and scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from audit.stats.group_aucs import aucs
from audit.stats.group_estimates import Partition, auc


@st.composite
def ranked_rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Partition]:
    """Draw labels, scores with ties, and groups, of which some may be empty or lack a class."""
    number = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.integers(1, 5))
    weights = rng.gamma(1.0, 1.0, number) if draw(st.booleans()) else None
    clusters = rng.integers(0, 6, number).astype(np.int32) if draw(st.booleans()) else None
    rows = Partition(rng.integers(0, groups, number).astype(np.int32), groups, weights, clusters)
    return rng.random(number) < 0.4, rng.integers(0, 8, number) / 8.0, rows


def alone(label: Any, score: Any, rows: Partition, group: int) -> tuple[float, float]:
    inside = np.flatnonzero(rows.codes == group)
    if not len(inside):
        return float("nan"), float("nan")
    order = inside[np.argsort(score[inside], kind="stable")]
    parts = [None if part is None else part[order] for part in (rows.weights, rows.clusters)]
    return auc(label[order], score[order], *parts)


@given(ranked_rows())
def test_every_group_has_the_area_and_error_that_it_has_alone(case: Any) -> None:
    label, score, rows = case
    values, errors = aucs(label, score, rows, np.argsort(score))
    expected = np.array([alone(label, score, rows, group) for group in range(rows.number)])
    np.testing.assert_allclose(np.column_stack([values, errors]), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_areas_are_those_of_scikit_learn(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    codes, label, score = rng.integers(0, 3, 900), rng.random(900) < 0.3, rng.integers(0, 50, 900) / 50
    weights = rng.gamma(1.0, 1.0, 900) if weighted else None
    values, _ = aucs(label, score, Partition(codes, 3, weights, None), np.argsort(score))
    for group, value in enumerate(values):
        inside = codes == group
        part = None if weights is None else weights[inside]
        assert value == pytest.approx(roc_auc_score(label[inside], score[inside], sample_weight=part))
