"""The rows of a call follow the widest tensor of the graph."""

from __future__ import annotations

import pytest

from audit.model.graph.row_width import RowWidth, Shape, rows_of_call


@pytest.mark.parametrize(
    ("shapes", "width"),
    [
        ([], RowWidth(1, False)),
        ([[None]], RowWidth(1, False)),
        ([[None, 224, 224, 3], [None, 112, 112, 96], [None, 1000]], RowWidth(112 * 112 * 96, False)),
        ([[None, 10], [5000, 5000], []], RowWidth(10, False)),  # weights and numbers are of no row
        ([[None, None, None, 64]], RowWidth(64, True)),
        ([[None, 10], None], RowWidth(10, True)),
    ],
)
def test_the_widest_tensor_of_rows_counts(shapes: list[Shape], width: RowWidth) -> None:
    assert RowWidth.of(shapes) == width


def test_open_sizes_are_assumed_from_the_row() -> None:
    assert RowWidth(64, True).numbers(1000) == 8000
    assert RowWidth(64, False).numbers(1000) == 1000
    assert RowWidth(10**6, True).numbers(1000) == 10**6


def test_a_call_holds_one_row_at_least_and_a_bounded_tensor_otherwise() -> None:
    assert rows_of_call(112 * 112 * 96) == 13
    assert 13 * 112 * 112 * 96 * 4 <= 64 * 2**20 < 14 * 112 * 112 * 96 * 4
    assert rows_of_call(10**9) == 1
