"""Kinds by what is predicted: a number, or several things at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from .kind import WORDS, Kind, Made
from .networks import logit, solved
from .outputs import exported
from .people import matrix, people, stored


def regression(folder: Path) -> Made:
    """A credit limit in thousands."""
    frame = people()
    frame["label"] = _limit(frame)
    return exported(folder, lambda x: (12 + 3 * logit(x))[:, None], frame, output="regression")


def decided(folder: Path) -> Made:
    """At least twelve thousand are what people ask for."""
    return replace(regression(folder), words=[*WORDS, "--set=data.favorable={at_least: 12}"])


def tasks(folder: Path) -> Made:
    """A Keras model with a head for each task on a shared layer; this audit is about one of them."""
    import keras

    keras.utils.set_random_seed(2)
    frame, x = people(), keras.Input((4,), name="x")
    shared = keras.layers.Dense(16, activation="tanh")(x)
    heads = {
        "default": keras.layers.Dense(1, activation="sigmoid", name="default"),
        "limit": keras.layers.Dense(1, name="limit"),
    }
    model = keras.Model(x, {name: head(shared) for name, head in heads.items()})
    hidden = keras.Model(x, shared)(matrix(frame)).numpy()
    heads["default"].set_weights(solved(hidden, 3.0 * frame["label"].to_numpy() - 1.5))
    heads["limit"].set_weights(solved(hidden, _limit(frame)))
    model.export(folder / "model", verbose=False)
    spec: dict[str, object] = {"output": {"name": "default"}}
    return Made(folder / "model", stored(frame, folder), lambda: {"x": matrix(frame)}, spec=spec)


def _limit(frame: pd.DataFrame) -> np.ndarray:
    """Return a number that follows the four by the models' own weights, with some noise."""
    noise = np.random.default_rng(3).normal(0, 1, len(frame))
    return np.asarray(12 + 3 * logit(tf.constant(matrix(frame))).numpy() + noise)


KINDS = [
    Kind("regression", "output", regression),
    Kind("regression, with `data.favorable`", "output", decided),
    Kind("several tasks, one chosen by name", "output", tasks),
]
