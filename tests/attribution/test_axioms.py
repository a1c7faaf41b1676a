"""What holds for Shapley values of any function: linearity, additivity, dummies, symmetry."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.attribution import attribute
from audit.frameworks.tensorflow_loader import tensorflow

from . import functions
from .functions import FEATURES, MEMORY, normal

ROWS, REFERENCES = normal(12, seed=3), normal(30, seed=4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_a_linear_function_they_are_weights_times_differences(dtype: str) -> None:
    rows, references = normal(7, 13, seed=5, dtype=dtype), normal(20, 13, seed=6, dtype=dtype)
    weights = normal(13, 1, seed=7, dtype=dtype)
    found = attribute(
        lambda x: (x @ weights)[:, 0], rows, references, seed=0, tolerance=0.1, memory_bytes=MEMORY
    )
    assert found.method == "permutation"
    np.testing.assert_allclose(found.values, weights[:, 0] * (rows - references.mean(axis=0)), atol=1e-6)
    assert found.errors.max() < 1e-6


@pytest.mark.parametrize("function", [functions.network, functions.steep, functions.products])
def test_base_and_values_add_up_to_the_output(function: Callable[[Any], Any]) -> None:
    found = attribute(function, ROWS, REFERENCES, seed=0, tolerance=0.5, memory_bytes=MEMORY)
    assert found.base == pytest.approx(np.mean(function(REFERENCES)), rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(found.outputs, function(ROWS), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), found.outputs, atol=1e-5)


def test_ignored_features_get_exactly_nothing() -> None:
    found = attribute(functions.products, ROWS, REFERENCES, seed=0, tolerance=0.5, memory_bytes=MEMORY)
    assert found.method == "permutation"
    assert (found.values[:, 4] == 0).all()
    assert (np.delete(found.values, 4, axis=1) != 0).all()


def test_features_equal_to_every_reference_get_exactly_nothing() -> None:
    rows, references = ROWS.copy(), REFERENCES.copy()
    rows[:, 2] = references[:, 2] = 0.7
    found = attribute(functions.network, rows, references, seed=0, tolerance=0.5, memory_bytes=MEMORY)
    assert (found.values[:, 2] == 0).all()


def test_interchangeable_features_get_the_same() -> None:
    """The function is symmetric in 0 and 1, and so are the row and the references."""
    rows, references = ROWS.copy(), REFERENCES.copy()
    rows[:, 1], references[:, 1] = rows[:, 0], references[:, 0]
    found = attribute(functions.products, rows, references, seed=0, tolerance=0.02, memory_bytes=MEMORY)
    difference = np.abs(found.values[:, 0] - found.values[:, 1])
    assert (difference <= 4 * np.hypot(found.errors[:, 0], found.errors[:, 1])).all()


@pytest.mark.parametrize("features", [3, FEATURES])
def test_columns_of_one_feature_are_masked_together(features: int) -> None:
    """Copies of features 0 and 1 belong to them, so it is as if there were no copies."""
    tf = tensorflow()

    def value(first: Any, x: Any) -> Any:
        return tf.tanh(first[:, 0]) * first[:, 1] * x[:, 2] + tf.reduce_prod(x, 1)

    def run(value: Any, columns: np.ndarray, **kwargs: Any) -> Any:
        x, others = ROWS[:, columns], REFERENCES[:, columns]
        return attribute(value, x, others, seed=0, tolerance=0.5, memory_bytes=MEMORY, **kwargs)

    players = np.concatenate([np.arange(features), [0, 1]])
    plain = run(lambda x: value(x, x), np.arange(features))
    copied = run(lambda x: value(x[:, features:], x[:, :features]), players, feature_of_column=players)
    np.testing.assert_allclose(copied.values, plain.values, atol=1e-6)
    np.testing.assert_allclose(copied.errors, plain.errors, atol=1e-6)


@pytest.mark.parametrize("features", [1, 3, FEATURES])
def test_a_constant_function_stops_at_once(features: int) -> None:
    found = attribute(
        lambda x: 3 + 0 * x[:, 0],
        ROWS[:, :features],
        REFERENCES[:, :features],
        seed=0,
        tolerance=0.1,
        memory_bytes=MEMORY,
    )
    assert (found.values == 0).all() and (found.errors == 0).all()
    assert (found.base == 3).all()
    assert found.rounds.max() <= 6


@settings(max_examples=20)
@given(
    features=st.integers(1, 9), rows=st.integers(1, 4), references=st.integers(1, 3), seed=st.integers(0, 99)
)
def test_enumerated_values_are_those_of_the_definition(
    features: int, rows: int, references: int, seed: int
) -> None:
    """Of a random table of 2^features values, over all subsets, in plain Python."""
    x = np.ones((rows, features), np.float32) + np.arange(rows, dtype=np.float32)[:, None]
    others = -np.arange(references, dtype=np.float32)[:, None] * np.ones(features, np.float32)
    table = np.random.default_rng(seed).normal(size=(rows, references, 1 << features)).astype(np.float32)

    def value(masked: Any) -> Any:
        """Read the coalition, the row and the reference off the features, which are 1 or more inside."""
        tf = tensorflow()
        inside = tf.cast(masked > 0.5, tf.int32)
        coalition = tf.reduce_sum(inside * tf.constant(1 << np.arange(features), tf.int32), 1)
        row = tf.cast(tf.maximum(tf.reduce_max(masked, 1) - 1, 0), tf.int32)
        other = tf.cast(tf.maximum(-tf.reduce_min(masked, 1), 0), tf.int32)
        return tf.gather_nd(fixed, tf.stack([row, other, coalition], 1))

    table[:, :, 0], table[:, :, -1] = table[:1, :, 0], table[:, :1, -1]  # they know one of the two only
    fixed = tensorflow().constant(table)
    found = attribute(value, x, others, seed=0, tolerance=0.1, memory_bytes=MEMORY)
    if found.method == "exact":
        np.testing.assert_allclose(
            found.values, [_shapley(t.mean(axis=0), features) for t in table], atol=1e-6
        )
        assert (found.errors == 0).all() and (found.rounds == 0).all()
    else:
        assert features > 7


def _shapley(values: np.ndarray, features: int) -> list[float]:
    def one(i: int) -> float:
        others = [j for j in range(features) if j != i]
        return sum(
            (values[sum(1 << j for j in (*s, i))] - values[sum(1 << j for j in s)])
            / (features * comb(features - 1, k))
            for k in range(features)
            for s in combinations(others, k)
        )

    return [one(i) for i in range(features)]
