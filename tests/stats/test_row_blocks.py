"""Passes over blocks and parts of the rows, against computations over whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.stats import group_aucs, ranks, row_blocks
from audit.stats.group_estimates import Partition
from audit.stats.quantiles import quantiles


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Any:
    """Let a few rows be many: blocks of 7 and parts of 11."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "BLOCK_ROWS", 7)
        patch.setattr(group_aucs, "BLOCK_ROWS", 7)
        patch.setattr(ranks, "PART_ROWS", 11)
        yield


@st.composite
def scored_rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw scores of either type, with or without ties, labels, and codes of three groups."""
    number = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.integers(-3, 4, number) / 4 if draw(st.booleans()) else rng.standard_normal(number)
    scores = np.where(rng.random(number) < 0.1, -0.0, scores)
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return scores.astype(dtype), rng.random(number) < 0.4, rng.integers(0, 3, number).astype(np.uint8)


@given(scored_rows())
def test_ranks_are_in_the_order_of_the_scores(case: Any) -> None:
    scores, _, _ = case
    rank = ranks.ranks(scores).astype(np.int64)
    np.testing.assert_array_equal(
        np.sign(rank[:, None] - rank), np.sign(scores[:, None].astype(np.float64) - scores)
    )


@given(scored_rows())
def test_areas_of_blocks_are_those_of_all_rows(case: Any) -> None:
    scores, label, codes = case
    rows = Partition(codes, 3, None, None)
    rising = ranks.rising_places(scores)
    assert rising.tolist() == np.argsort(scores, kind="stable").tolist()
    by_part = group_aucs.aucs(label, scores, rows, rising)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_aucs, "BLOCK_ROWS", 1000)
        at_once = group_aucs.aucs(label, scores, rows, rising)
    np.testing.assert_allclose(by_part, at_once, rtol=1e-12, atol=1e-12)


@given(scored_rows(), st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5))
def test_quantiles_are_those_of_numpy(case: Any, shares: list[float]) -> None:
    scores, _, _ = case
    expected = np.quantile(scores.astype(np.float64), shares)
    np.testing.assert_array_equal(quantiles(scores, np.array(shares)), expected)


@given(scored_rows(), st.booleans())
def test_sums_over_blocks_are_those_of_all_rows(case: Any, weighted: bool) -> None:
    scores, label, codes = case
    values = scores.astype(np.float64)
    weights = 1.0 + values**2 if weighted else None
    w = np.ones(len(values)) if weights is None else weights
    rows = Partition(codes, 3, weights, None)
    cells = row_blocks.nested(codes, label, 3, 2)
    assert cells.tolist() == (codes.astype(int) * 2 + label).tolist()
    assert row_blocks.code_counts(cells, 6).tolist() == np.bincount(cells, minlength=6).tolist()
    assert (
        row_blocks.nested_counts(codes, label, 3, 2).ravel().tolist()
        == np.bincount(cells, minlength=6).tolist()
    )
    np.testing.assert_allclose(rows.total(lambda block: values[block]), np.bincount(codes, w * values, 3))
    inside = [values[codes == group] for group in range(3)]
    assert rows.smallest(values).tolist() == [part.min(initial=np.inf) for part in inside]
    error, skewness = rows.moments(lambda block: values[block])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "BLOCK_ROWS", 1000)
        np.testing.assert_allclose((error, skewness), rows.moments(values), rtol=1e-9, atol=1e-12)
