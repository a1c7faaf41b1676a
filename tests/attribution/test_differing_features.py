"""Features that have the same value in the row and in the reference: they add nothing, and cost nothing."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.attribution import Attributions, attribute
from audit.attribution.differing_features import FeatureCodes, SortedPairs, by_column
from audit.attribution.shapley import evaluation_range
from audit.frameworks.tensorflow_loader import tensorflow

from . import functions
from .functions import FEATURES, MEMORY, normal, rounded


def run(rows: np.ndarray, references: np.ndarray, **options: Any) -> Attributions:
    given = {"seed": 0, "tolerance": 0.5, "memory_bytes": MEMORY} | options
    return attribute(functions.network, rows, references, **given)


@pytest.mark.parametrize("features", [3, FEATURES])
def test_equal_features_add_exactly_nothing_against_a_reference(features: int) -> None:
    """One row against each reference: by_reference is its signed contribution, whatever the function."""

    def f(x: Any) -> Any:
        return functions.network(tensorflow().pad(x, [[0, 0], [0, FEATURES - features]]))

    rows, references = rounded(1, seed=1)[:, :features], rounded(70, seed=2)[:, :features]
    found = attribute(f, rows, references, seed=0, tolerance=0.5, memory_bytes=MEMORY)
    assert found.method == ("exact" if features == 3 else "permutation")
    equal = rows == references
    assert 0 < equal.sum() < equal.size
    assert (found.by_reference[equal] == 0).all()
    assert (found.by_reference[~equal] != 0).mean() > 0.9


@pytest.mark.parametrize("features", [1, 3, FEATURES])
def test_rows_that_equal_the_references_cost_their_ends_alone(features: int) -> None:
    seen = list[int]()
    tf = tensorflow()

    def f(x: Any) -> Any:
        def note(values: np.ndarray) -> np.ndarray:
            seen.append(len(values))
            return np.nan_to_num(values).sum(axis=1)

        return tf.ensure_shape(tf.numpy_function(note, [x], tf.float32), [None])

    row = rounded(1, seed=3)[:, :features]
    row[0, 0] = np.nan
    found = attribute(
        f, np.repeat(row, 5, 0), np.repeat(row, 70, 0), seed=0, tolerance=0.1, memory_bytes=MEMORY
    )
    assert (found.values == 0).all() and (found.errors == 0).all()
    assert sum(seen) == found.evaluations == 2 * 70 == evaluation_range(5, 70, features)[0]


def test_evaluations_are_those_of_the_differing_features() -> None:
    """A pair of permutations of d features takes 2 d - 3 masks: one less than d each, of which one is shared."""
    rows, references = rounded(6, seed=4), rounded(66, seed=5)
    found = run(rows, references, tolerance=10.0)
    lengths = (rows[:, None] != references).sum(axis=2)
    once = 2 * np.maximum(0, 2 * lengths - 3).sum()
    assert once < found.evaluations - 2 * len(references) < 1.25 * once
    assert (run(np.ones_like(rows), references).evaluations - 2 * 66) % 2 == 0


def test_of_features_of_several_columns_all_columns_must_agree() -> None:
    """One-hot columns: another category differs in two columns, and both are masked together."""
    categories = np.random.default_rng(0).integers(0, 3, (40, FEATURES))
    codes = np.eye(3, dtype=np.float32)[categories].reshape(40, -1)
    weights = normal(3 * FEATURES, 4, seed=9)

    def f(x: Any) -> Any:
        return tensorflow().reduce_prod(1 + 0.2 * (x @ weights), 1)

    feature_of_column = np.repeat(np.arange(FEATURES), 3)
    together = FeatureCodes.of(codes[:5], codes[5:], feature_of_column)
    np.testing.assert_array_equal(together.differing(np.arange(5)), categories[:5, None] != categories[5:])
    found = attribute(
        f,
        codes[:1],
        codes[5:],
        feature_of_column=feature_of_column,
        seed=0,
        tolerance=0.5,
        memory_bytes=MEMORY,
    )
    assert (found.by_reference[categories[0] == categories[5:]] == 0).all()


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from(["float32", "float64"]))
def test_codes_are_equal_where_the_bits_are(seed: int, width: int, dtype: str) -> None:
    values = np.array([0.0, -0.0, 1.0, np.nan, np.inf], dtype)
    draw = np.random.default_rng(seed)
    rows, background = (values[draw.integers(0, 5, (n, 3 * width))] for n in (4, 6))
    feature_of_column = draw.permutation(np.repeat(np.arange(3), width))
    found = FeatureCodes.of(rows, background, feature_of_column).differing(np.array([3, 1]))
    for at, row in enumerate((3, 1)):
        for reference in range(6):
            for feature in range(3):
                columns = feature_of_column == feature
                same = rows[row, columns].tobytes() == background[reference, columns].tobytes()
                assert found[at, reference, feature] == (not same)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(1, 9), st.floats(0, 1))
def test_buckets_hold_each_pair_once(seed: int, count: int, features: int, share: float) -> None:
    differing = np.random.default_rng(seed).random((count, features)) < share
    pairs = SortedPairs.of(differing)
    seen = dict[int, list[int]]()
    for length, p, e in pairs.buckets(lambda length: 2):
        ones = np.ones((p.stop - p.start, length), int)
        table = by_column(ones, pairs.features[e].reshape(-1, length), np.arange(features))
        for index, line in zip(pairs.order[p].tolist(), table, strict=True):
            assert line.sum() == length
            seen[index] = line.astype(bool).tolist()
    assert seen == {i: line.tolist() for i, line in enumerate(differing) if line.any()}


@settings(max_examples=15)
@given(st.integers(0, 99), st.integers(1, 3), st.integers(1, 40))
def test_ragged_pairs_have_the_values_of_all_orders(seed: int, rows: int, references: int) -> None:
    """Of four features, by all 24 orders in plain Python: enumerated or sampled, with any pairs that agree."""
    draw = np.random.default_rng(seed)
    x, others = (draw.integers(0, 3, (n, 4)).astype(np.float32) for n in (rows, references))

    def f(z: Any) -> Any:
        return tensorflow().reduce_prod(z + 0.5, 1) + z[:, 0] * z[:, 3]

    found = attribute(f, x, others, seed=seed, tolerance=1e-3, memory_bytes=MEMORY)
    values = np.array([np.mean([_by_orders(row, other) for other in others], axis=0) for row in x])
    close = np.abs(found.values - values) <= 5 * found.errors + 1e-4
    assert close.all()
    equal = (x[:, None] == others).all(axis=1)
    assert (found.values[equal] == 0).all()


def _by_orders(row: np.ndarray, other: np.ndarray) -> np.ndarray:
    def f(z: np.ndarray) -> float:
        return float(np.prod(z + 0.5) + z[0] * z[3])

    total = np.zeros(4)
    for order in permutations(range(4)):
        mixed = other.copy()
        for feature in order:
            before = f(mixed)
            mixed[feature] = row[feature]
            total[feature] += f(mixed) - before
    return total / 24


def test_codes_of_wide_lines_are_equal_where_the_bits_are() -> None:
    """Lines as wide as an image's are compared by digest."""
    values = np.random.default_rng(0).choice(np.array([0.0, -0.0, np.nan], np.float32), (4, 2000))
    lines = values[[0, 1, 2, 0, 3, 1, 2]].copy()
    lines[6, -1] = 1.0
    found = FeatureCodes.of(lines[:3], lines[3:], np.zeros(2000, int)).differing(np.arange(3))
    assert (~found[:, :, 0]).tolist() == [
        [True, False, False, False],
        [False, False, True, False],
        [False, False, False, False],
    ]
