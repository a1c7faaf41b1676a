"""Small models with weights by hand, and how they are exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from .people import CLASS_WEIGHTS, NUMBERS, WEIGHTS


def logit(x: Any) -> Any:
    """Return the log-odds ``(rows,)`` of four numbers ``(rows, 4)``, with an interaction of the first two."""
    weights = tf.constant(WEIGHTS[:, None], x.dtype)
    return tf.matmul(x, weights)[:, 0] + 0.4 * tf.tanh(x[:, 0] * x[:, 1])


def logits(x: Any) -> Any:
    """Return the logits ``(rows, 3)`` of three classes."""
    return tf.matmul(x, tf.constant(CLASS_WEIGHTS, x.dtype)) + 0.3 * tf.tanh(x[:, :3])


def network(keras: Any, activation: str | None = "sigmoid", inputs: str = "x") -> Any:
    """Return a Keras model (of Keras 2 or 3) of four numbers: one hidden layer, then one column."""
    model = keras.Sequential(
        [
            keras.Input((len(NUMBERS),), name=inputs),
            keras.layers.Dense(len(NUMBERS), activation="tanh"),
            keras.layers.Dense(1, activation=activation),
        ]
    )
    hidden, bias = 0.5 * np.eye(len(NUMBERS), dtype=np.float32), np.zeros(len(NUMBERS), np.float32)
    model.set_weights([hidden, bias, 2 * WEIGHTS[:, None], bias[:1]])
    return model


def solved(hidden: np.ndarray, wanted: np.ndarray) -> list[np.ndarray]:
    """Return kernel and bias of the last layer, of one column, that come nearest to what is wanted of it."""
    found = np.linalg.lstsq(np.column_stack([hidden, np.ones(len(hidden))]), wanted, rcond=None)[0]
    return [found[:-1, None].astype(np.float32), found[-1:].astype(np.float32)]


def export(
    path: Path, score: Callable[..., Any], inputs: Mapping[str, tf.TensorSpec], held: object = None
) -> Path:
    """Export ``score`` of the inputs by name, which returns one tensor or a dict of outputs; return its directory.

    ``held`` is what the model needs besides: variables, tables, assets.
    """
    module = tf.Module()
    module.held = held
    names = list(inputs)

    def call(*given: Any) -> Any:
        found = score(**dict(zip(names, given, strict=True)))
        return found if isinstance(found, dict) else {"score": found}

    specs = [tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in inputs.items()]
    module.call = tf.function(call, input_signature=specs)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})
    return path


X = {"x": tf.TensorSpec([None, len(NUMBERS)], tf.float32)}
"""One tensor of the four numbers."""
