"""The standard errors are those of the values: against exact ones, over many seeds and kinds of functions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audit.attribution.coalitions import MaskedFunction, MaskedGraph
from audit.attribution.exact_shapley import CoalitionEnumerator, enumerate_coalitions
from audit.attribution.pass_plan import min_passes
from audit.attribution.permutation_pass import PassSampler
from audit.attribution.row_groups import RowGroup
from audit.attribution.running_estimate import RunningEstimate
from audit.execution import LocalBackend
from audit.frameworks.tensorflow_loader import tensorflow

from . import functions
from .functions import FEATURES, normal, rounded

CALL = 1 << 17
COLUMNS = np.arange(FEATURES)


def masked_function(f: Callable[[Any], Any], rows: np.ndarray, background: np.ndarray) -> MaskedFunction:
    return MaskedFunction(MaskedGraph(f), rows, background, CALL)


def deep(x: Any) -> Any:
    """Interactions of all features."""
    return tensorflow().reduce_prod(1 + 0.5 * x, 1)


def odd_set(x: Any) -> Any:
    """A product of signs of five features, in which only the parity of a coalition matters."""
    return tensorflow().reduce_prod(tensorflow().sign(x[:, :5]), 1)


def estimates(f: Callable[[Any], Any], rows: np.ndarray, background: np.ndarray, seeds: int) -> Any:
    """Yield values and errors of a pass by each seed."""
    sampler = PassSampler(masked_function(f, rows, background), COLUMNS, 0)
    group = np.arange(len(rows))
    for seed in range(seeds):
        sampler._seed = seed
        running = RunningEstimate(sampler.masked.ends, FEATURES, sampler.plan.slots)
        running.add(group, sampler(RowGroup(group, running.passes[group])))
        yield running.values, running.errors


@pytest.mark.parametrize("function", [functions.network, functions.steep, functions.products, deep, odd_set])
@pytest.mark.parametrize("references", [7, 100])
@pytest.mark.parametrize("is_rounded", [False, True])
def test_errors_of_one_pass(function: Callable[[Any], Any], references: int, is_rounded: bool) -> None:
    draw = rounded if is_rounded and function is not odd_set else normal  # signs of 0 are no interaction
    rows, background = draw(12, seed=1), draw(references, seed=2)
    exact = enumerate_coalitions(
        CoalitionEnumerator(masked_function(function, rows, background), COLUMNS), LocalBackend()
    ).values
    found = list(estimates(function, rows, background, 30))
    distance = np.array([values - exact for values, _ in found])
    errors = np.array([errors for _, errors in found])
    mean, spread = distance.mean(axis=0), distance.std(axis=0)
    sampled = spread > 1e-5  # others are exact, such as those of ignored features
    assert abs(mean[~sampled]).max(initial=0) < 1e-5
    z = distance[:, sampled] / errors[:, sampled]
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.1
    assert np.mean(abs(z) <= 2) > 0.94
    assert np.mean(abs(z) > 3) < 0.012
    bias = mean[sampled] / spread[sampled] * np.sqrt(len(found))
    assert np.mean(bias**2) < 2  # without bias it is 1.1


def test_a_pass_takes_fewer_evaluations_for_the_same_error_than_independent_orders() -> None:
    """Two independent orders of all features for each reference took 4 (M - 1) m evaluations."""
    rows, background = normal(12, seed=1), normal(100, seed=2)
    exact = enumerate_coalitions(
        CoalitionEnumerator(masked_function(functions.network, rows, background), COLUMNS),
        LocalBackend(),
    ).values
    single = independent_variance(rows, background, exact)
    found = np.mean([(v - exact) ** 2 for v, _ in estimates(functions.network, rows, background, 30)])
    sampler = PassSampler(masked_function(functions.network, rows, background), COLUMNS, 0)
    evaluations = sampler(RowGroup(np.arange(12), np.zeros(12, int))).evaluations / 12
    assert found * evaluations < 0.85 * single / 2 * 4 * (FEATURES - 1) * 100


def independent_variance(rows: np.ndarray, background: np.ndarray, exact: np.ndarray) -> float:
    """Return the mean squared error of one order, forwards and backwards, for each reference."""
    masked = masked_function(functions.network, rows, background)
    row, reference = (a.ravel().astype(np.int32) for a in np.indices((len(rows), len(background))))
    squares = []
    for seed in range(30):
        order = np.random.default_rng(seed).random((len(row), FEATURES)).argsort(axis=1)

        def inside(pairs: slice, levels: slice, order: np.ndarray = order) -> np.ndarray:
            return order[pairs].reshape(1, -1) < np.arange(1, FEATURES)[levels, None]

        ends = masked.ends.contrasts(row, reference)
        chain = np.concatenate([[-ends], masked.contrasts(row, reference, inside, FEATURES - 1), [ends]])
        parts = np.take_along_axis(np.diff(chain, axis=0).T / 2, order, axis=1)
        squares.append(np.mean((parts.reshape(*exact.shape[:1], -1, FEATURES).mean(axis=1) - exact) ** 2))
    return float(np.mean(squares))


def test_draws_depend_on_seed_row_and_pass_alone() -> None:
    rows, background = rounded(9, seed=1), rounded(20, seed=2)
    sampler = PassSampler(masked_function(functions.network, rows, background), COLUMNS, 3)
    together = sampler(RowGroup(np.arange(9), np.full(9, 2)))
    for group in (np.array([4]), np.array([7, 0, 3])):
        part = sampler(RowGroup(group, np.full(len(group), 2)))
        np.testing.assert_allclose(part.sums, together.sums[group], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(part.squares, together.squares[group], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(part.mean_squares, together.mean_squares[group], rtol=1e-4, atol=1e-5)
    other = sampler(RowGroup(np.arange(9), np.full(9, 3)))
    assert not np.allclose(other.sums, together.sums, atol=1e-3)
    assert (other.influence == 0).all()  # of a later pass
    assert (together.influence == 0).all()


def test_the_influence_is_the_signed_mean_over_turns() -> None:
    rows, background = rounded(5, seed=1), rounded(20, seed=2)
    sampler = PassSampler(masked_function(functions.network, rows, background), COLUMNS, 3)
    found = sampler(RowGroup(np.arange(5), np.zeros(5, int)))
    values = found.sums / (20 * min_passes(20))
    np.testing.assert_allclose(found.influence.mean(axis=0), abs(values).sum(axis=0), rtol=1e-6)


def test_another_process_need_not_evaluate_the_ends() -> None:
    masked = masked_function(functions.network, rounded(9, seed=1), rounded(20, seed=2))
    copy = pickle.loads(pickle.dumps(masked))
    assert vars(copy)["ends"].evaluations == masked.ends.evaluations
    np.testing.assert_array_equal(vars(copy)["ends"].rows, masked.ends.rows)
