"""Sampled values against those that shap's exact explainer enumerates."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from audit.attribution import Attributions, attribute

from . import functions
from .functions import MEMORY, normal

ROWS, REFERENCES = normal(30, seed=1), normal(50, seed=2)
SEEDS = range(8)


@cache
def exact(function: Callable[[Any], Any]) -> np.ndarray:
    """Let shap enumerate; its masker takes all references as they are."""
    import shap

    masker = shap.maskers.Independent(REFERENCES, max_samples=len(REFERENCES))
    explain = shap.explainers.Exact(lambda x: function(x.astype(np.float32)).numpy(), masker)
    return np.asarray(explain(ROWS).values)


@cache
def sampled(function: Callable[[Any], Any], seed: int) -> Attributions:
    return attribute(function, ROWS, REFERENCES, seed=seed, tolerance=0.2, memory_bytes=MEMORY)


FUNCTIONS = pytest.mark.parametrize("function", [functions.network, functions.steep, functions.products])


@FUNCTIONS
def test_within_three_standard_errors(function: Callable[[Any], Any]) -> None:
    for seed in SEEDS:
        found = sampled(function, seed)
        assert found.method == "permutation"
        inside = np.abs(found.values - exact(function)) <= 3 * found.errors + 1e-6
        assert inside.mean() >= 0.99


@FUNCTIONS
def test_standard_errors_are_neither_too_small_nor_far_too_great(function: Callable[[Any], Any]) -> None:
    """Root mean squares, over all seeds, rows and features."""
    errors = np.mean([sampled(function, seed).errors ** 2 for seed in SEEDS])
    true = np.mean([(sampled(function, seed).values - exact(function)) ** 2 for seed in SEEDS])
    assert 0.95 < np.sqrt(errors / true) < 1.4


@FUNCTIONS
def test_unbiased_over_seeds(function: Callable[[Any], Any]) -> None:
    """Each row's and feature's z over independent seeds has mean 0; their mean squares would show a bias."""
    z = np.array(
        [
            (sampled(function, s).values - exact(function)) / (sampled(function, s).errors + 1e-9)
            for s in SEEDS
        ]
    )
    mean = z.mean(axis=0) * np.sqrt(len(SEEDS))
    assert abs(mean.mean()) < 4 / np.sqrt(mean.size)
    assert np.mean(mean**2) < 1.3


def test_seeds_differ() -> None:
    assert not np.allclose(
        sampled(functions.network, 0).values, sampled(functions.network, 1).values, atol=1e-4
    )


def test_rows_of_equal_values_draw_on_their_own() -> None:
    """Else the errors of all rows had one sign, and means over rows would not get more exact."""
    rows = np.repeat(ROWS[:1], 2, axis=0)
    first, second = attribute(
        functions.network, rows, REFERENCES, seed=0, tolerance=0.2, memory_bytes=MEMORY
    ).values
    assert not np.allclose(first, second, atol=1e-4)
