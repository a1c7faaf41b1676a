"""Kinds of models that read raw text: they take it apart themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from .kind import Kind, Made

ROWS = 300
TELLING = {"great": 2.0, "quick": 1.2, "helpful": 0.9, "late": -1.0, "broken": -2.0, "rude": -1.4}
"""Words that decide, and how much each does."""
OTHERS = ["the", "parcel", "was", "and", "my", "order", "came", "with", "a", "very", "today", "again"]


def letters(seed: int = 0) -> pd.DataFrame:
    """Return short texts; ``label`` follows their telling words and ``stars`` with some noise."""
    random = np.random.default_rng(seed)
    words = [*TELLING, *OTHERS]
    chosen = [random.choice(words, random.integers(4, 12)) for _ in range(ROWS)]
    frame = pd.DataFrame({"text": [" ".join(own).capitalize() + "." for own in chosen]})
    frame["stars"] = (np.round(random.normal(size=ROWS) * 8) / 8).astype(np.float32)
    frame["sex"] = random.choice(["Female", "Male"], ROWS, p=[0.45, 0.55])
    score = [sum(TELLING.get(word, 0.0) for word in own) for own in chosen] + frame["stars"]
    return frame.assign(label=(score + random.logistic(size=ROWS) > 0).astype(int))


def _made(folder: Path, fed: Callable[[pd.DataFrame], Mapping[str, Any]]) -> Made:
    frame = letters()
    frame.to_parquet(folder / "letters.parquet", index=False)
    return Made(folder / "model", folder / "letters.parquet", lambda: fed(frame))


def _texts(frame: pd.DataFrame) -> Any:
    return tf.constant(frame["text"].tolist())


def vectorized(folder: Path) -> Made:
    """Keras' layer for texts, an embedding whose one dimension is a word's weight, and the mean over words."""
    text = keras.Input((1,), name="text", dtype="string")
    codes = keras.layers.TextVectorization(vocabulary=list(TELLING), output_sequence_length=16)(text)
    weights = np.array([0.0, 0.0, *TELLING.values()], np.float32)[:, None]
    embedding = keras.layers.Embedding(len(weights), 1)
    mean = keras.layers.GlobalAveragePooling1D()(embedding(codes))
    head = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(text, head(mean))
    embedding.set_weights([weights])
    head.set_weights([np.full((1, 1), 16.0, np.float32), np.zeros(1, np.float32)])
    model.export(folder / "model", verbose=False)
    return _made(folder, lambda frame: {"text": _texts(frame)[:, None]})


def weighed(folder: Path) -> Made:
    """Keras' layer for texts, words and pairs of words weighed by how rare they are, and one dense layer."""
    text = keras.Input((1,), name="text", dtype="string")
    pairs = {"very great": 0.8, "very late": -0.7}
    rare = dict.fromkeys([*TELLING, *pairs], 1.5)
    layer = keras.layers.TextVectorization(
        ngrams=2, output_mode="tf_idf", vocabulary=list(rare), idf_weights=list(rare.values())
    )
    head = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(text, head(layer(text)))
    weights = np.array([0.0, *TELLING.values(), *pairs.values()], np.float32)[:, None] / 1.5
    head.set_weights([weights, np.zeros(1, np.float32)])
    model.export(folder / "model", verbose=False)
    return _made(folder, lambda frame: {"text": _texts(frame)[:, None]})


def _bag(text: Any, weights: Any) -> Any:
    """Return the sum of the weights of the buckets that the words of each text are hashed to, ``(rows,)``."""
    words = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(text), r"[^a-z ]", ""))
    buckets = tf.ragged.map_flat_values(tf.strings.to_hash_bucket_fast, words, len(weights))
    return tf.reduce_sum(tf.ragged.map_flat_values(lambda found: tf.gather(weights, found), buckets), axis=1)


def _weights(buckets: int = 1000) -> Any:
    weights = np.zeros(buckets, np.float32)
    found = tf.strings.to_hash_bucket_fast(list(TELLING), buckets).numpy()
    weights[found] = list(TELLING.values())
    return tf.constant(weights)


def hashed(folder: Path) -> Made:
    """Words split at spaces and hashed, without a vocabulary."""
    module, weights = tf.Module(), _weights()
    spec = tf.TensorSpec([None], tf.string, name="text")
    module.call = tf.function(lambda text: {"score": tf.sigmoid(_bag(text, weights))}, input_signature=[spec])
    tf.saved_model.save(module, str(folder / "model"), signatures={"serving_default": module.call})
    return _made(folder, lambda frame: {"text": _texts(frame)})


def beside_numbers(folder: Path) -> Made:
    """A text and a number; softmax over two classes."""
    module, weights = tf.Module(), _weights()
    specs = [
        tf.TensorSpec([None, 1], tf.string, name="text"),
        tf.TensorSpec([None, 1], tf.float32, name="stars"),
    ]

    def call(text: Any, stars: Any) -> Any:
        value = _bag(text[:, 0], weights)[:, None] + stars
        return {"scores": tf.nn.softmax(tf.concat([-value / 2, value / 2], 1))}

    module.call = tf.function(call, input_signature=specs)
    tf.saved_model.save(module, str(folder / "model"), signatures={"serving_default": module.call})

    def fed(frame: pd.DataFrame) -> Mapping[str, Any]:
        return {"text": _texts(frame)[:, None], "stars": tf.constant(frame[["stars"]].to_numpy())}

    return _made(folder, fed)


KINDS = [
    Kind("Keras `TextVectorization`, an embedding and pooling", "text", vectorized),
    Kind("Keras `TextVectorization`, tf-idf of words and pairs", "text", weighed),
    Kind("`tf.strings.split` and hashed words", "text", hashed),
    Kind("a text beside numbers", "text", beside_numbers),
]
