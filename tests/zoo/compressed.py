"""Models made smaller: weights in eight bits, arithmetic as if in eight bits, weights that are masked out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .kind import Made
from .learned import exported, fitted, inputs, made
from .networks import X, export

LIMIT = 4.0
"""Of the numbers that fake quantization tells apart, in 255 steps."""


def plain() -> keras.Model:
    """Return the model that the others are made from."""
    layers = [keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")]
    return keras.Sequential([inputs(), *layers])


def quantized(folder: Path) -> Made:
    model = fitted(plain)
    model.quantize("int8")
    return exported(folder, model)


def dequantized(folder: Path) -> Made:
    """Weights as int8 with one scale a column, as converters write them: cast and scaled when they are used."""
    weights = fitted(plain).get_weights()
    scales = [np.abs(w).max(0) / 127 for w in weights]
    held = [
        (tf.Variable(np.rint(w / s).astype(np.int8), trainable=False), tf.constant(s))
        for w, s in zip(weights, scales, strict=True)
    ]

    def score(x: Any) -> Any:
        w1, b1, w2, b2 = (tf.cast(whole, tf.float32) * scale for whole, scale in held)
        return tf.sigmoid(tf.matmul(tf.tanh(tf.matmul(x, w1) + b1), w2) + b2)

    export(folder / "model", score, X, held)
    return made(folder)


class Rounded(keras.layers.Dense):
    """A dense layer that learns with what eight bits will leave of its weights and its numbers."""

    def call(self, x: Any) -> Any:
        fake = tf.quantization.fake_quant_with_min_max_args
        z = tf.matmul(fake(x, -LIMIT, LIMIT), fake(self.kernel, -LIMIT, LIMIT)) + self.bias
        return self.activation(z)


def fake_quantized() -> keras.Model:
    """Return a model that was trained so."""
    return fitted(lambda: keras.Sequential([inputs(), Rounded(8, "tanh"), Rounded(1, "sigmoid")]))


class Masked(keras.layers.Dense):
    """A dense layer of which the smaller half of the weights is masked out."""

    def build(self, shape: Any) -> None:
        super().build(shape)
        self.mask = self.add_weight(shape=self.kernel.shape, initializer="ones", trainable=False)

    def prune(self) -> None:
        size = np.abs(keras.ops.convert_to_numpy(self.kernel))
        self.mask.assign(size >= np.median(size))

    def call(self, x: Any) -> Any:
        return self.activation(keras.ops.matmul(x, self.kernel * self.mask) + self.bias)


def pruned(folder: Path) -> Made:
    """Trained, then pruned by magnitude."""
    model = fitted(lambda: keras.Sequential([inputs(), Masked(16, "tanh"), Masked(1, "sigmoid")]))
    for layer in model.layers:
        layer.prune()
    return exported(folder, model)
