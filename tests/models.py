"""Small real models with weights set by hand: what they score is known in closed form.

Each function writes one model and is called once a session, through the fixture ``model``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

WEIGHTS = [[0.8, -0.3, 0.1], [-0.5, 0.9, 0.2]]
"""Of the single-tensor models: inputs ``a`` and ``b``, up to three classes."""


def save(path: Path, score: Callable[..., Any], **inputs: Any) -> None:
    """Export ``score`` (its arguments are the signature's inputs) with the one output ``score``."""
    import tensorflow as tf

    module = tf.Module()
    specs = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]
    module.call = tf.function(lambda *given: {"score": score(*given)}, input_signature=specs)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})


def _linear(path: Path, columns: int, head: Callable[[Any], Any]) -> None:
    import tensorflow as tf

    weights = tf.constant([row[:columns] for row in WEIGHTS], tf.float32)
    save(path, lambda x: head(tf.matmul(x, weights)), x=([None, 2], tf.float32))


def softmax(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 3, tf.nn.softmax)


def sigmoid(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 1, tf.sigmoid)


def wrapped_sigmoid(path: Path) -> None:
    """The head behind a reshape, an identity and a second function."""
    import tensorflow as tf

    inner = tf.function(lambda z: tf.reshape(tf.identity(tf.sigmoid(z)), [-1, 1]))
    _linear(path, 1, lambda z: tf.squeeze(inner(z), -1))


def logits(path: Path) -> None:
    _linear(path, 3, lambda z: 4 * z)


def two_columns(path: Path) -> None:
    """The score follows ``a``; ``b`` changes nothing."""
    import tensorflow as tf

    column = ([None, 1], tf.float32)
    save(path, lambda a, b: tf.sigmoid(a + 0 * b), a=column, b=column)


def logit(path: Path) -> None:
    _linear(path, 1, lambda z: z)


def log_softmax(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 3, tf.nn.log_softmax)


def percent(path: Path) -> None:
    """A score from 0 to 100, which is no logit though it lies outside [0, 1]."""
    import tensorflow as tf

    _linear(path, 1, lambda z: 100 * tf.sigmoid(z))


def log_probability(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 1, tf.math.log_sigmoid)


def stretched(path: Path) -> None:
    """Scores of both signs, from -9 to 9, that no linear operation computes."""
    import tensorflow as tf

    _linear(path, 1, lambda z: 9 * tf.tanh(z))


def mean_score(path: Path) -> None:
    """One score for all rows of a batch."""
    import tensorflow as tf

    _linear(path, 1, lambda z: tf.reshape(tf.sigmoid(tf.reduce_mean(z)), [1, 1]))


def every_score_twice(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 1, lambda z: tf.ensure_shape(tf.concat([tf.sigmoid(z)] * 2, 0), [None, 1]))


def words_as_scores(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 1, lambda z: tf.where(z > 0, "yes", "no"))


def classes_as_scores(path: Path) -> None:
    import tensorflow as tf

    _linear(path, 1, lambda z: tf.where(z > 0, 2, 1))


def given(path: Path) -> None:
    """Scores are the input: a test writes them into its table."""
    import tensorflow as tf

    save(path, tf.identity, x=([None, 1], tf.float64))


def given3(path: Path) -> None:
    import tensorflow as tf

    save(path, tf.identity, x=([None, 3], tf.float64))


def flat_columns(path: Path) -> None:
    """One tensor a column, rank 1, names as an exporter leaves them."""
    import tensorflow as tf

    def score(hours: Any, status: Any) -> Any:
        return tf.sigmoid(0.1 * (hours - 40.0) + tf.where(status == "Married", 1.0, -1.0))

    save(path, score, hours_per_week=([None], tf.float32), marital_status=([None], tf.string))


def typed_columns(path: Path) -> None:
    """An int64 and a bool input, rank 2."""
    import tensorflow as tf

    def score(count: Any, flag: Any) -> Any:
        return tf.sigmoid(tf.cast(count, tf.float32) - tf.where(flag, 1.0, 2.0))

    save(path, score, count=([None, 1], tf.int64), flag=([None, 1], tf.bool))


def two_outputs(path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    spec = tf.TensorSpec([None, 2], tf.float32, name="x")
    module.call = tf.function(
        lambda x: {"risk": tf.sigmoid(x[:, :1]), "chance": tf.sigmoid(x[:, 1:])}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})


def reads_files(path: Path) -> None:
    """A program in a model's clothes: it reads a file of the machine that it is served on."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        length = tf.strings.length(tf.io.read_file("/etc/hostname"))
        return tf.sigmoid(x) * tf.cast(length, tf.float32)

    save(path, score, x=([None, 1], tf.float32))


def not_a_number(path: Path) -> None:
    """Scores NaN below zero, as a model with an unguarded logarithm does."""
    import tensorflow as tf

    save(path, lambda x: tf.sigmoid(tf.math.log(x)), x=([None, 1], tf.float32))


def keras_columns(path: Path) -> None:
    """A Keras export with hyphenated columns, a lookup, and one input of rank 2 each."""
    import keras

    keras.utils.set_random_seed(3)
    hours = keras.Input((1,), name="hours-per-week")
    status = keras.Input((1,), name="marital-status", dtype="string")
    words = keras.layers.StringLookup(vocabulary=["Married", "Single"], output_mode="one_hot")(status)
    parts = keras.layers.Concatenate()([keras.layers.Rescaling(0.01)(hours), words])
    head = keras.layers.Dense(1, activation="sigmoid")(parts)
    keras.Model({"hours-per-week": hours, "marital-status": status}, head).export(path, verbose=False)


def variables(path: Path) -> None:
    """Has a variables file of some size, to be cut short."""
    import tensorflow as tf

    module = tf.Module()
    module.w = tf.Variable(tf.reshape(tf.range(4000, dtype=tf.float32), [2, 2000]))
    spec = tf.TensorSpec([None, 2], tf.float32, name="x")
    module.call = tf.function(
        lambda x: {"score": tf.sigmoid(tf.matmul(x, module.w)[:, :1])}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})


def keras_file(path: Path) -> None:
    """``path`` ends in .keras: a softmax over the same weights as `softmax`."""
    import keras
    import numpy as np

    dense = keras.layers.Dense(3, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((2,), name="x"), dense])
    dense.set_weights([np.array(WEIGHTS, np.float32)])
    model.save(path)


def lambda_file(path: Path) -> None:
    """``path`` ends in .keras: holds Python code, which safe mode refuses."""
    import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x[:, :1])]).save(path)


def adult(path: Path) -> None:
    """An expert's rules of thumb on Adult's columns, rank 2: no training, and errors in every group."""
    import tensorflow as tf

    def score(age: Any, education: Any, hours: Any, gain: Any, marital: Any, sex: Any) -> Any:
        value = 0.35 * (education - 10.0) + 0.03 * (age - 38.0) + 0.03 * (hours - 40.0) - 1.6
        value += tf.where(gain > 5000.0, 3.0, 0.0)
        value += tf.where(marital == "Married-civ-spouse", 1.6, -0.9)
        return tf.sigmoid(value + tf.where(sex == "Male", 0.3, 0.0))

    number, text = ([None, 1], tf.float32), ([None, 1], tf.string)
    save(
        path, score, age=number, education_num=number, hours_per_week=number, capital_gain=number,
        marital_status=text, sex=text,
    )  # fmt: skip
