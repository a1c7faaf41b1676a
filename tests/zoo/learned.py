"""Trains small Keras models on the people and exports them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from .kind import Made
from .people import NUMBERS, matrix, people, stored

Build = Callable[[], keras.Model]


def inputs() -> keras.KerasTensor:
    """Return the four numbers as the one input of a model."""
    return keras.Input((len(NUMBERS),), name="x")


def fitted(build: Build, epochs: int = 15) -> keras.Model:
    """Return the model that ``build`` makes, trained; the same at each call."""
    keras.utils.set_random_seed(0)
    frame, model = people(), build()
    model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy")
    model.fit(matrix(frame), frame[["label"]].to_numpy("float32"), batch_size=60, epochs=epochs, verbose=0)
    return model


def twin(model: keras.Model) -> keras.Model:
    """Return dense layers with the same weights, in float32 and without rounding."""
    layers = [keras.layers.Dense(layer.units, layer.activation, dtype="float32") for layer in model.layers]
    same = keras.Sequential([inputs(), *layers])
    same.set_weights(model.get_weights())
    return same


def exported(folder: Path, model: keras.Model) -> Made:
    """Export a model of the four numbers, and write the rows beside it."""
    model.export(folder / "model", verbose=False)
    return made(folder)


def made(folder: Path) -> Made:
    """Return the SavedModel that was written to ``folder / "model"``, with its rows."""
    frame, model = people(), folder / "model"

    def fed() -> dict[str, tf.Tensor]:
        (name,) = tf.saved_model.load(str(model)).signatures["serving_default"].structured_input_signature[1]
        return {name: tf.constant(matrix(frame))}

    return Made(model, stored(frame, folder), fed)
