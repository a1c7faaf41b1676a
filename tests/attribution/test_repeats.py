"""The same figures again: from run to run, and whatever the memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attribution import Attributions, attribute
from audit.frameworks.tensorflow_loader import tensorflow

from . import functions
from .functions import FEATURES, normal

ROWS, REFERENCES = normal(9, seed=3), normal(25, seed=4)
ROW = FEATURES * 4  # bytes


def run(memory: int, rows: np.ndarray = ROWS) -> Attributions:
    return attribute(functions.network, rows, REFERENCES, seed=5, tolerance=0.1, memory_bytes=memory)


def test_the_same_bits_twice() -> None:
    first, second = run(1 << 16), run(1 << 16)
    for name in ("values", "errors", "base", "outputs", "rounds"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert first.evaluations == second.evaluations


@pytest.mark.parametrize("memory", [1, 5 * ROW, 14 * ROW, 1000 * ROW, 1 << 26])
def test_whatever_the_memory(memory: int) -> None:
    """Less than one masked row, slices of one permutation, one permutation, some, everything in one call."""
    rows = ROWS[:1] if memory < 1000 * ROW else ROWS
    reference = run(1 << 20, rows=rows)
    found = run(memory, rows=rows)
    np.testing.assert_allclose(found.values, reference.values, atol=1e-6)
    np.testing.assert_allclose(found.errors, reference.errors, atol=1e-6)
    np.testing.assert_array_equal(found.rounds, reference.rounds)


def test_a_row_does_not_depend_on_the_rows_behind_it() -> None:
    np.testing.assert_allclose(run(1 << 20, rows=ROWS[:3]).values, run(1 << 20).values[:3], atol=1e-6)


@pytest.mark.parametrize(
    ("features", "memory"), [(1000, 1 << 20), (FEATURES, 1 << 12), (FEATURES, 7 * ROW), (3, 1 << 8)]
)
def test_calls_stay_within_the_memory(features: int, memory: int) -> None:
    tf, seen = tensorflow(), list[int]()

    def value(x: Any) -> Any:
        def note(values: np.ndarray) -> np.ndarray:
            seen.append(values.nbytes)
            return values.sum(axis=1)

        return tf.ensure_shape(tf.numpy_function(note, [x], tf.float32), [None])

    rows, references = normal(1, features, seed=1), normal(9, features, seed=2)
    found = attribute(value, rows, references, seed=0, tolerance=10.0, memory_bytes=memory)
    np.testing.assert_allclose(found.values, rows - references.mean(axis=0), atol=1e-3)
    assert memory / 2 < max(seen) <= memory
    assert sum(seen) == found.evaluations * features * 4


def test_one_trace() -> None:
    tf, traces = tensorflow(), list[object]()

    def value(x: Any) -> Any:
        traces.append(x)
        return tf.reduce_prod(x, 1)

    attribute(value, ROWS, REFERENCES, seed=0, tolerance=0.0, memory_bytes=1 << 14)
    assert len(traces) == 1
