"""Trains and exports a model that predicts which customers pay their invoices in time.

In place of a real table it draws one, so that it needs no network.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WORK = Path(__file__).resolve().parent / "work"
FEATURES = ["turnover", "delays", "years", "orders"]


def draw_customers(rows: int, seed: int) -> pd.DataFrame:
    """Return customers with four features, their region, and whether they paid in time."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, len(FEATURES))).round(3)
    log_odds = features @ [1.5, -2.0, 0.8, 0.4]
    table = pd.DataFrame(features, columns=FEATURES)
    table["region"] = rng.choice(["North", "South"], size=rows)
    table["paid"] = np.where(rng.random(rows) < 1 / (1 + np.exp(-log_odds)), "yes", "no")
    return table


def main() -> None:
    """Draw, train, export."""
    import keras

    WORK.mkdir(exist_ok=True)
    train, test = draw_customers(4_000, seed=1), draw_customers(3_000, seed=2)
    train.to_csv(WORK / "train.csv", index=False)
    test.to_csv(WORK / "test.csv", index=False)

    keras.utils.set_random_seed(0)
    inputs = [keras.Input((1,), name=name) for name in FEATURES]
    hidden = keras.layers.Dense(8, activation="relu")(keras.layers.Concatenate()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="paid")(hidden))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    columns = [train[[name]].to_numpy("float32") for name in FEATURES]
    model.fit(columns, (train["paid"] == "yes").to_numpy("float32"), epochs=5, batch_size=64, verbose=0)
    model.export(WORK / "model", verbose=False)


if __name__ == "__main__":
    main()
