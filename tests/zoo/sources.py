"""Kinds by where the model comes from: what exports it, and in which format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from .kind import Kind, Made
from .networks import logit, network
from .people import matrix, people, stored


def saved(
    folder: Path,
    save: Callable[[Path], object],
    name: str = "model",
    exported: str = "",
    fed: str = "x",
    **spec: object,
) -> Made:
    """Save a model that takes the four numbers as the tensor ``fed``, and the rows beside it."""
    frame = people()
    save(folder / name)
    inside = folder / name / exported if exported else None
    return Made(
        folder / name, stored(frame, folder), lambda: {fed: matrix(frame)}, spec=spec, exported=inside
    )


def export(folder: Path) -> Made:
    import keras

    return saved(folder, lambda path: network(keras).export(path, verbose=False))


def saved_model(folder: Path) -> Made:
    import keras

    return saved(folder, lambda path: tf.saved_model.save(network(keras), str(path)), fed="inputs")


def keras_file(folder: Path) -> Made:
    import keras

    return saved(folder, lambda path: network(keras).save(path), "model.keras")


def hdf5(folder: Path) -> Made:
    import keras

    return saved(folder, lambda path: network(keras).save(path), "model.h5")


def weights(folder: Path) -> Made:
    import keras

    return saved(folder, lambda path: network(keras).save_weights(path), "model.weights.h5")


def keras_2(folder: Path) -> Made:
    import tf_keras

    return saved(folder, lambda path: network(tf_keras).save(path, save_format="tf"))


def keras_2_hdf5(folder: Path) -> Made:
    import tf_keras

    return saved(folder, lambda path: network(tf_keras).save(path, save_format="h5"), "model.h5")


def signatures(folder: Path) -> Made:
    """A module that trains, scores and says its version by a signature each."""

    def save(path: Path) -> None:
        module = tf.Module()
        module.w = tf.Variable(np.ones((4, 1), np.float32))
        spec = tf.TensorSpec([None, 4], tf.float32, name="x")
        module.score = tf.function(lambda x: {"risk": tf.sigmoid(logit(x))[:, None]}, input_signature=[spec])
        module.embed = tf.function(lambda x: {"embedding": tf.matmul(x, module.w)}, input_signature=[spec])
        module.version = tf.function(lambda: {"version": tf.constant("1.4.2")}, input_signature=[])
        named = {"score": module.score, "embed": module.embed, "version": module.version}
        tf.saved_model.save(module, str(path), signatures=named)

    return saved(folder, save, signature="score")


def compiled(folder: Path) -> Made:
    """A signature that XLA compiles as a whole."""

    def save(path: Path) -> None:
        module = tf.Module()
        spec = tf.TensorSpec([None, 4], tf.float32, name="x")
        module.call = tf.function(
            lambda x: {"risk": tf.sigmoid(logit(x))},
            input_signature=[spec],
            jit_compile=True,
            autograph=False,
        )
        tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})

    return saved(folder, save)


def graph(folder: Path) -> Made:
    """A graph as TensorFlow 1 wrote it: variables in collections, and dropout whose rate is fed in training only."""
    v1 = tf.compat.v1

    def save(path: Path) -> None:
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None, 4], name="features")
            rate = v1.placeholder_with_default(0.0, [], name="dropout")
            bias = v1.get_variable("bias", initializer=tf.constant([0.1]), use_resource=False)
            risk = tf.sigmoid(logit(v1.nn.dropout(x, rate=rate)) + bias)
            session.run(v1.global_variables_initializer())
            v1.saved_model.simple_save(session, str(path), inputs={"x": x}, outputs={"risk": risk})

    return saved(folder, save)


KINDS = [
    Kind("Keras 3 `model.export`", "source", export),
    Kind("`tf.saved_model.save` of a Keras 3 model", "source", saved_model),
    Kind("`.keras` file", "source", keras_file),
    Kind("`.h5` file", "source", hdf5),
    Kind("Keras 2 (`tf_keras`) `model.save`", "source", keras_2),
    Kind("Keras 2 (`tf_keras`) `.h5` file", "source", keras_2_hdf5),
    Kind("weights alone (`.weights.h5`)", "source", weights, refused="weights alone"),
    Kind("`tf.Module` with several signatures", "source", signatures),
    Kind("`tf.function(jit_compile=True)`", "source", compiled),
    Kind("TensorFlow 1 graph (`simple_save`)", "source", graph),
]
