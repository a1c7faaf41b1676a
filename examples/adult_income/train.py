"""Trains an income model on Adult and exports it, ready to be audited.

The model takes one tensor a column, strings as they are in the file: the lookups and the scaling are
part of the exported graph, so that a caller of the model needs to know nothing of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)
from uci import fetch  # noqa: E402

if TYPE_CHECKING:
    import keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

DIGESTS = {
    "adult.data": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    "adult.test": "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
}
NUMERIC = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
# fmt: off
TEXT = [
    "workclass", "education", "marital-status", "occupation", "relationship", "race", "sex", "native-country",
]
COLUMNS = [  # of the raw files, in their order; fnlwgt, a survey weight, is not a feature
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week",
    "native-country", "income",
]
# fmt: on
LABEL, FAVORABLE = "income", ">50K"
EPOCHS, BATCH = 5, 256


def read_adult(file: Path) -> pd.DataFrame:
    """Return the table of a raw file: '?' stays a value of its own, numbers are floats.

    The test split begins with a comment and ends each label with a dot; the training split does neither.
    """
    table = pd.read_csv(
        file,
        names=COLUMNS,
        sep=", ",
        engine="python",
        comment="|",
        na_filter=False,
        dtype=dict.fromkeys([*NUMERIC, "fnlwgt"], "float32"),
    )
    return table.assign(income=table[LABEL].str.removesuffix("."))


def build_model(train: pd.DataFrame) -> keras.Model:
    """Return the untrained network; its lookups and scaling are adapted to ``train``."""
    import keras

    inputs, parts = {}, []
    for name in NUMERIC:
        inputs[name] = keras.Input((1,), name=name)
        scale = keras.layers.Normalization()
        scale.adapt(train[[name]].to_numpy())
        parts.append(scale(inputs[name]))
    for name in TEXT:
        inputs[name] = keras.Input((1,), name=name, dtype="string")
        lookup = keras.layers.StringLookup(vocabulary=sorted(train[name].unique()), output_mode="one_hot")
        parts.append(lookup(inputs[name]))
    hidden = keras.layers.Dense(64, activation="relu")(keras.layers.Concatenate()(parts))
    hidden = keras.layers.Dense(32, activation="relu")(hidden)
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="above_50k")(hidden))


def tensors(table: pd.DataFrame) -> dict[str, object]:
    """Return the model's inputs by column: shape (rows, 1), float32 or string."""
    import tensorflow as tf

    return {name: tf.constant(table[[name]].to_numpy()) for name in [*NUMERIC, *TEXT]}


def train_model(train: pd.DataFrame) -> keras.Model:
    """Return the trained network; equal data give equal weights."""
    import keras

    keras.utils.set_random_seed(0)
    model = build_model(train)
    model.compile(keras.optimizers.Adam(0.002), "binary_crossentropy", metrics=["accuracy"])
    above = (train[LABEL] == FAVORABLE).to_numpy(np.float32)
    model.fit(tensors(train), above, epochs=EPOCHS, batch_size=BATCH, verbose=2)
    return model


def main() -> None:
    """Read, train, export."""
    options = parse(__doc__ or "", HERE, downloads=True)
    files = fetch("adult", DIGESTS, options.data_dir, HERE / "work" / "raw")
    train, test = read_adult(files["adult.data"]), read_adult(files["adult.test"])
    train.to_parquet(options.out / "train.parquet", index=False)
    test.to_parquet(options.out / "test.parquet", index=False)
    train_model(train).export(options.out / "model", verbose=False)
    say_next(HERE, options.out, "test.parquet", "train.parquet")


if __name__ == "__main__":
    main()
