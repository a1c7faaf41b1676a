"""What is planted is named, and nothing is where there is nothing; docs/slices.md has figures of more seeds."""

from __future__ import annotations

import pytest

from .planted import Place, outcome

SEEDS = 12


@pytest.mark.parametrize("place", ["category", "two categories"])
def test_a_planted_slice_is_named(place: Place) -> None:
    assert sum(outcome(place, 20_000, seed).planted_named for seed in range(SEEDS)) >= SEEDS - 1


@pytest.mark.parametrize("place", ["nowhere", "mild"])
def test_nothing_is_named_where_there_is_nothing(place: Place) -> None:
    assert sum(outcome(place, 5_000, seed).named for seed in range(2 * SEEDS)) <= 2
