"""Trains a credit model on German Credit and exports it with a single float tensor as its input.

The table holds one numeric column for each entry of the tensor, in its order: the numbers as they are,
and one 0/1 column for each code. ``sex`` is text and is not among them: it is there for the audit.
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

DIGESTS = {"german.data": "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871"}
# fmt: off
COLUMNS = [
    "checking_account", "duration_months", "credit_history", "purpose", "credit_amount", "savings",
    "employment_since", "installment_rate", "personal_status", "other_debtors", "residence_since", "property",
    "age", "installment_plans", "housing", "existing_credits", "job", "dependents", "telephone",
    "foreign_worker", "credit",
]
# fmt: on
FEMALE = ["A92", "A95"]
LABEL, FAVORABLE = "credit", "good"
NOT_FEATURES = ["sex", LABEL]
SEED, EPOCHS, BATCH = 0, 40, 32


def read_german(file: Path) -> pd.DataFrame:
    """Return the coded table with ``sex`` in place of the personal status, and credit as good or bad.

    The personal status mixes sex with marriage (A91, A93, A94 male; A92, A95 female): the model is
    not given it.
    """
    table = pd.read_csv(file, sep=" ", names=COLUMNS)
    table["sex"] = np.where(table["personal_status"].isin(FEMALE), "Female", "Male")
    table[LABEL] = table[LABEL].map({1: "good", 2: "bad"})
    return table.drop(columns="personal_status")


def encode(table: pd.DataFrame) -> pd.DataFrame:
    """Return numbers and one 0/1 column for each code, followed by ``sex`` and the label."""
    features = table.drop(columns=NOT_FEATURES)
    encoded = pd.get_dummies(features, dtype=float).astype("float32")
    return encoded.assign(**{name: table[name] for name in NOT_FEATURES})


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return halves to train and to test on: an audit of fewer than 500 rows decides next to nothing."""
    order = np.random.default_rng(SEED).permutation(len(table))
    half = len(table) // 2
    return table.iloc[order[:half]], table.iloc[order[half:]]


def train_model(train: pd.DataFrame) -> keras.Model:
    """Return the trained network: input (rows, features) float32, output P(good) of shape (rows, 1)."""
    import keras

    keras.utils.set_random_seed(SEED)
    features = train.drop(columns=NOT_FEATURES).to_numpy(np.float32)
    scale = keras.layers.Normalization()
    scale.adapt(features)
    strongly = keras.regularizers.L2(0.02)  # 500 rows, some 60 columns
    layers = [
        keras.Input((features.shape[1],), name="features"),
        scale,
        keras.layers.Dense(16, activation="relu", kernel_regularizer=strongly),
        keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=strongly, name="good"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    good = (train[LABEL] == FAVORABLE).to_numpy(np.float32)
    model.fit(features, good, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return model


def main() -> None:
    """Read, train, export."""
    options = parse(__doc__ or "", HERE, downloads=True)
    files = fetch("statlog/german", DIGESTS, options.data_dir, HERE / "work" / "raw")
    train, test = split(encode(read_german(files["german.data"])))
    train.to_csv(options.out / "train.csv", index=False)
    test.to_csv(options.out / "test.csv", index=False)
    train_model(train).export(options.out / "model", verbose=False)
    say_next(HERE, options.out, "test.csv", "train.csv")


if __name__ == "__main__":
    main()
