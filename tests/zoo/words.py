"""Kinds that take strings and look them up in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from .kind import Kind, Made
from .networks import export, solved
from .people import people, stored

HOMES, EFFECTS = ["free", "own", "rent"], np.array([0.2, 1.3, -1.0], np.float32)
"""Values of the column ``home``, and what they add to the log-odds."""


def housed() -> pd.DataFrame:
    """Return rows whose label follows income and home; one row in ten has a home that no model knows."""
    frame, random = people(), np.random.default_rng(5)
    known = random.integers(0, 3, len(frame))
    chance = 1.6 * frame["income"] + EFFECTS[known] + random.logistic(size=len(frame))
    frame["home"] = np.where(random.random(len(frame)) < 0.1, "boat", np.array(HOMES)[known])
    return frame.assign(label=(chance > 0).astype(int))


def fed(frame: pd.DataFrame, shape: list[int]) -> dict[str, Any]:
    numbers = frame["income"].to_numpy(np.float32).reshape([-1, *shape])
    return {"income": numbers, "home": tf.constant(frame["home"].to_list(), shape=[len(frame), *shape])}


def string_lookup(folder: Path) -> Made:
    """Keras' own preprocessing, exported with the model."""
    import keras

    frame = housed()
    income, home = keras.Input((1,), name="income"), keras.Input((1,), name="home", dtype="string")
    codes = keras.layers.StringLookup(vocabulary=HOMES, output_mode="one_hot")(home)
    head = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model({"income": income, "home": home}, head(keras.layers.Concatenate()([income, codes])))
    head.set_weights([np.concatenate([[1.6, 0.0], EFFECTS]).astype(np.float32)[:, None], np.zeros(1)])
    model.export(folder / "model", verbose=False)
    return Made(folder / "model", stored(frame, folder), lambda: fed(frame, [1]))


def several(folder: Path) -> Made:
    """One tensor of several strings beside one of numbers."""
    frame = housed()

    def score(numbers: Any, words: Any) -> Any:
        homes = [tf.where(words[:, 0] == home, float(e), 0.0) for home, e in zip(HOMES, EFFECTS, strict=True)]
        return tf.sigmoid(1.6 * numbers[:, 0] + tf.add_n(homes) + tf.where(words[:, 1] == "Male", 0.1, 0.0))

    specs = {"numbers": tf.TensorSpec([None, 1], tf.float32), "words": tf.TensorSpec([None, 2], tf.string)}
    taken = {"numbers": ["income"], "words": ["home", "sex"]}
    return Made(
        export(folder / "model", score, specs),
        stored(frame, folder),
        lambda: {name: tf.constant(frame[taken[name]].to_numpy(), specs[name].dtype) for name in taken},
        spec={"inputs": taken},
    )


def preprocessing(folder: Path) -> Made:
    """Keras' layers for tables, as its guide to structured data puts them together; only the head is fitted."""
    import keras

    keras.utils.set_random_seed(4)
    frame, layers = housed().assign(branch=lambda rows: np.arange(len(rows)) % 7), keras.layers
    inputs = {name: keras.Input((1,), name=name) for name in ("income", "debt")}
    inputs["home"] = keras.Input((1,), name="home", dtype="string")
    inputs["branch"] = keras.Input((1,), name="branch", dtype="int64")
    scaled = layers.Normalization(mean=0.1, variance=0.9)(inputs["income"])
    binned = layers.CategoryEncoding(4, "one_hot")(layers.Discretization([-0.5, 0.0, 0.5])(inputs["debt"]))
    hashed = layers.Flatten()(layers.Embedding(8, 3)(layers.Hashing(8)(inputs["home"])))
    branch = layers.IntegerLookup(vocabulary=list(range(6)), output_mode="one_hot")(inputs["branch"])
    hidden = layers.Dense(8, activation="relu")(layers.Concatenate()([scaled, binned, hashed, branch]))
    last, head = layers.Dropout(0.1)(hidden), layers.Dense(1, activation="sigmoid")
    model = keras.Model(inputs, head(last))
    fed = {
        name: tf.constant(frame[name].to_numpy(), tensor.dtype, [len(frame), 1])
        for name, tensor in inputs.items()
    }
    head.set_weights(solved(keras.Model(inputs, last)(fed).numpy(), 4.0 * frame["label"].to_numpy() - 2.0))
    model.export(folder / "model", verbose=False)
    return Made(folder / "model", stored(frame, folder), lambda: fed)


def strings_only(folder: Path) -> Made:
    """Ratings by words alone: there is no number to move."""
    frame = housed()
    frame["home"] = np.where(frame["income"] > 0.3, "own", frame["home"])

    def score(home: Any, sex: Any) -> Any:
        effects = [
            tf.where(home == word, float(effect), 0.0) for word, effect in zip(HOMES, EFFECTS, strict=True)
        ]
        return tf.sigmoid(tf.add_n(effects) + tf.where(sex == "Male", 0.1, 0.0))

    specs = {name: tf.TensorSpec([None], tf.string) for name in ("home", "sex")}
    return Made(
        export(folder / "model", score, specs),
        stored(frame, folder),
        lambda: {name: tf.constant(frame[name].to_list()) for name in specs},
    )


KINDS = [
    Kind("strings, Keras `StringLookup`", "input", string_lookup),
    Kind("several strings in one tensor", "input", several),
    Kind("Keras preprocessing layers", "input", preprocessing),
    Kind("strings alone", "input", strings_only),
]
