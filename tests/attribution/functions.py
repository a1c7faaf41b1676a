"""Small functions to be attributed, with interactions of two and more features, and data for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow

FEATURES = 8
MEMORY = 1 << 20


def normal(rows: int, features: int = FEATURES, *, seed: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, features)).astype(dtype)


def rounded(rows: int, features: int = FEATURES, *, seed: int) -> np.ndarray:
    """Return whole numbers, of which about a third are equal in two rows; none is a negative zero."""
    return np.round(normal(rows, features, seed=seed)) + 0


def network(x: Any) -> Any:
    """Two layers of rectified units."""
    tf = tensorflow()
    hidden = tf.nn.relu(x @ tf.constant(normal(FEATURES, 16, seed=11)))
    return tf.squeeze(hidden @ tf.constant(normal(16, 1, seed=12)), -1)


def steep(x: Any) -> Any:
    """A sigmoid that is nearly a step."""
    return tensorflow().sigmoid(4 * network(x))


def products(x: Any) -> Any:
    """Interactions of four and of three features; feature 4 changes nothing."""
    tf = tensorflow()
    return tf.reduce_prod(tf.tanh(x[:, :4]) + 0.5, 1) + x[:, 5] * tf.abs(x[:, 6]) * tf.nn.relu(x[:, 7])
