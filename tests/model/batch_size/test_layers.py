"""Layers that teams use keep no state and depend on no number of rows, as far as their graphs tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from audit.model.batch_size.dependence import size_comparison
from audit.model.model import open_model
from audit.policy.model import ModelSpec

ROWS = np.random.default_rng(0).normal(size=(16, 6)).astype(np.float32)
WORDS = np.array(["a plain text", "another one", "", "words and more words"])
Build = Callable[[Any], Any]
"""Returns the layers of a model between its input and its head; given the package of Keras."""


def attention(k: Any) -> list[Any]:
    class Block(k.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.attention = k.layers.MultiHeadAttention(2, 4)

        def build(self, shape: Any) -> None:
            self.built = True

        def call(self, x: Any) -> Any:
            return x + self.attention(x, x)

    return [
        k.layers.Reshape((3, 2)),
        Block(),
        k.layers.LayerNormalization(),
        k.layers.GlobalAveragePooling1D(),
    ]


def at_inference(k: Any, layer: Any) -> Any:
    """Return a layer of augmentation that is called as at inference: an export calls it as in training otherwise."""

    class Off(k.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layer

        def call(self, x: Any) -> Any:
            return self.inner(x, training=False)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Off()


def adapted(layer: Any, rows: Any = ROWS) -> Any:
    layer.adapt(rows)
    return layer


NUMBERS: dict[str, Callable[[Any], list[Any]]] = {
    "dense, batch normalization, dropout": lambda k: [
        k.layers.Dense(8, activation="relu"),
        k.layers.BatchNormalization(),
        k.layers.Dropout(0.5),
        k.layers.GaussianNoise(0.5),
    ],
    "normalization": lambda k: [adapted(k.layers.Normalization())],
    "discretization": lambda k: [
        adapted(k.layers.Discretization(num_bins=4)),
        k.layers.CategoryEncoding(4, "multi_hot"),
    ],
    "reshape": lambda k: [
        k.layers.Reshape((-1, 2)),
        k.layers.Flatten(),
        k.layers.Reshape((2, 3)),
        k.layers.Flatten(),
    ],
    "embedding": lambda k: [k.layers.Embedding(10, 4), k.layers.GlobalAveragePooling1D()],
    "masked embedding and LSTM": lambda k: [k.layers.Embedding(10, 4, mask_zero=True), k.layers.LSTM(4)],
    "GRU": lambda k: [k.layers.Reshape((3, 2)), k.layers.GRU(4, return_sequences=True), k.layers.GRU(4)],
    "bidirectional": lambda k: [k.layers.Reshape((3, 2)), k.layers.Bidirectional(k.layers.LSTM(4))],
    "simple recurrence": lambda k: [k.layers.Reshape((3, 2)), k.layers.SimpleRNN(4)],
    "unrolled": lambda k: [k.layers.Reshape((3, 2)), k.layers.LSTM(4, unroll=True)],
    "time distributed": lambda k: [
        k.layers.Reshape((3, 2)),
        k.layers.TimeDistributed(k.layers.Dense(4)),
        k.layers.GlobalMaxPooling1D(),
    ],
    "convolution": lambda k: [
        k.layers.Reshape((6, 1)),
        k.layers.Conv1D(4, 3, padding="causal"),
        k.layers.Flatten(),
    ],
    "transposed convolution": lambda k: [
        k.layers.Reshape((2, 3, 1)),
        k.layers.Conv2DTranspose(2, 2, strides=2),
        k.layers.GlobalAveragePooling2D(),
    ],
    "attention": attention,
    "augmentation": lambda k: [
        k.layers.Reshape((2, 3, 1)),
        *(at_inference(k, layer) for layer in (k.layers.RandomFlip(seed=1), k.layers.RandomRotation(0.2))),
        k.layers.Flatten(),
    ],
    "resized": lambda k: [k.layers.Reshape((2, 3, 1)), k.layers.Resizing(4, 4), k.layers.Flatten()],
    "group normalization": lambda k: [
        k.layers.Reshape((3, 2)),
        k.layers.GroupNormalization(1),
        k.layers.Flatten(),
    ],
    "spectral and unit normalization": lambda k: [
        k.layers.UnitNormalization(),
        k.layers.Dense(3),
        k.layers.Softmax(),
    ],
}

TEXTS: dict[str, Callable[[Any], list[Any]]] = {
    "vectorized, embedded": lambda k: [
        adapted(k.layers.TextVectorization(20), WORDS),
        k.layers.Embedding(20, 4),
        k.layers.GlobalAveragePooling1D(),
    ],
    "vectorized to a length, recurrent": lambda k: [
        adapted(k.layers.TextVectorization(20, output_sequence_length=5), WORDS),
        k.layers.Embedding(20, 4, mask_zero=True),
        k.layers.LSTM(4),
    ],
    "counted": lambda k: [adapted(k.layers.TextVectorization(20, output_mode="count"), WORDS)],
    "tf-idf": lambda k: [adapted(k.layers.TextVectorization(20, ngrams=2, output_mode="tf_idf"), WORDS)],
    "looked up": lambda k: [adapted(k.layers.StringLookup(output_mode="one_hot"), WORDS)],
    "hashed": lambda k: [k.layers.Hashing(8, output_mode="one_hot")],
}


def keras_2() -> Any:
    return pytest.importorskip("tf_keras")


def require_plain(model: Any, folder: Path) -> None:
    """Require that the exported model keeps no state and depends on no size, as serving calls it."""
    (model.export if hasattr(model, "export") else model.save)(str(folder / "model"))
    opened = open_model(ModelSpec(path="model"), folder / "model")
    assert opened.signature.stateful == []
    assert size_comparison(opened) is None


def network(k: Any, layers: Build, shape: tuple[int, ...], dtype: str) -> Any:
    return k.Sequential([k.Input(shape, dtype=dtype), *layers(k), k.layers.Dense(1, activation="sigmoid")])


@pytest.mark.parametrize("version", [lambda: keras, keras_2], ids=["keras 3", "keras 2"])
@pytest.mark.parametrize("case", list(NUMBERS))
def test_layers_of_numbers(tmp_path: Path, case: str, version: Callable[[], Any]) -> None:
    require_plain(network(version(), NUMBERS[case], (6,), "float32"), tmp_path)


@pytest.mark.parametrize("version", [lambda: keras, keras_2], ids=["keras 3", "keras 2"])
@pytest.mark.parametrize("case", list(TEXTS))
def test_layers_of_texts(tmp_path: Path, case: str, version: Callable[[], Any]) -> None:
    require_plain(network(version(), TEXTS[case], (1,), "string"), tmp_path)


def test_a_recurrence_over_any_number_of_steps(tmp_path: Path) -> None:
    for name, layer in (("lstm", keras.layers.LSTM(4)), ("pool", keras.layers.GlobalAveragePooling1D())):
        model = keras.Sequential(
            [
                keras.Input((None, 2)),
                keras.layers.Masking(),
                layer,
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        (tmp_path / name).mkdir()
        require_plain(model, tmp_path / name)


def test_a_recurrence_of_tensorflow_1(tmp_path: Path) -> None:
    """A loop over an array of tensors, as its exports have it."""

    def score(x: Any) -> Any:
        array = tf.TensorArray(tf.float32, 3).unstack(tf.transpose(tf.reshape(x, [-1, 3, 2]), [1, 0, 2]))
        state = tf.zeros([tf.shape(x)[0], 2])
        total = tf.while_loop(
            lambda i, s: i < 3, lambda i, s: (i + 1, tf.tanh(s + array.read(i))), (0, state)
        )[1]
        return tf.sigmoid(tf.reduce_sum(total, 1))

    v1 = tf.compat.v1
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None, 6], name="x")
            v1.saved_model.simple_save(session, str(tmp_path / "model"), {"x": x}, {"score": score(x)})
    finally:
        v1.enable_control_flow_v2()
    opened = open_model(ModelSpec(path="model"), tmp_path / "model")
    assert opened.signature.stateful == [] and size_comparison(opened) is None
