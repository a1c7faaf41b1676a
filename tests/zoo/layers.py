"""Layers and models that a team writes itself, each with its own ``call``."""

from __future__ import annotations

from typing import Any

import keras


class Gated(keras.layers.Layer):
    """A dense layer times a gate: the gate's sigmoid is not the head's."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.value, self.gate = keras.layers.Dense(units), keras.layers.Dense(units, activation="sigmoid")

    def call(self, x: Any) -> Any:
        return keras.ops.tanh(self.value(x)) * self.gate(x)


class Spread(keras.layers.Layer):
    """Gaussian noise of a learned size while training; at inference, the numbers as they are."""

    def build(self, shape: Any) -> None:
        self.size = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x: Any, training: bool = False) -> Any:
        return x + self.size * keras.random.normal(keras.ops.shape(x)) if training else x


class Searched(keras.Model):
    """What an architecture search chooses from: how wide, how deep, with or without a way past each layer."""

    def __init__(self, units: int, depth: int, residual: bool) -> None:
        super().__init__()
        self.first = keras.layers.Dense(units, activation="tanh")
        self.blocks = [keras.layers.Dense(units, activation="tanh") for _ in range(depth)]
        self.drop, self.head = keras.layers.Dropout(0.1), keras.layers.Dense(1, activation="sigmoid")
        self.residual = residual

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.first(x)
        for block in self.blocks:
            x = x + block(x) if self.residual else block(x)
        return self.head(self.drop(x, training=training))
