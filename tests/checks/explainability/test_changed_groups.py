"""The row that stands for a group, by a count of repeated rows in plain Python."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.explainability.changed_groups import typical_row

CELLS = st.sampled_from([0.0, 1.0, 2.0, math.nan])
ROWS = st.lists(st.tuples(CELLS, CELLS, st.integers(1, 3)), min_size=1, max_size=12)


def sortable(row: tuple[float, ...]) -> tuple[float, ...]:
    """Return a row whose NaNs are equal and greater than all numbers."""
    return tuple(math.inf if math.isnan(cell) else cell for cell in row)


@given(ROWS, st.sampled_from([None, 0, 1]))
def test_it_is_the_most_frequent_row_of_those_in_the_middle(
    rows: list[tuple[float, float, int]], ordered: int | None
) -> None:
    repeated = [sortable((a, b)) for a, b, times in rows for _ in range(times)]
    if ordered is not None:
        middle = sorted(row[ordered] for row in repeated)[(len(repeated) - 1) // 2]
        repeated = [row for row in repeated if row[ordered] == middle]
    counts = Counter(repeated)
    expected = min(counts, key=lambda row: (-counts[row], row))
    block = np.array([[a, b] for a, b, _ in rows])
    weights = np.array([times for *_, times in rows], float)
    assert sortable(tuple(typical_row(block, weights, ordered))) == expected


@pytest.mark.parametrize("order", [1, -1])
def test_it_does_not_depend_on_the_order_of_rows(order: int) -> None:
    block = np.array([[3.0, 1.0], [1.0, 5.0], [3.0, 0.0], [1.0, 5.5]])[::order]
    assert typical_row(block, np.ones(4), None).tolist() == [1.0, 5.0]
