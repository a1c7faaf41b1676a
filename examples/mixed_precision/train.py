"""Trains a regression in mixed precision: the hidden layers compute in bfloat16, the head in float32.

The rows are scikit-learn's diabetes data (Efron et al., 2004), which come with the package: ten measurements of
442 patients, and how far the disease had progressed a year later.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LABEL = "progression"
SEED, EPOCHS, BATCH = 0, 30, 32


def read_diabetes() -> pd.DataFrame:
    """Return the ten measurements in their own units and ``progression`` (25 to 346)."""
    table = load_diabetes(as_frame=True, scaled=False)["frame"].astype("float32")
    return table.rename(columns={"target": LABEL})


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return halves to train and to test on."""
    order = np.random.default_rng(SEED).permutation(len(table))
    half = len(table) // 2
    return table.iloc[order[:half]], table.iloc[order[half:]]


def build(features: np.ndarray, label: np.ndarray) -> keras.Model:
    """Return the network: input (rows, 10) float32, output the progression, (rows, 1) float32.

    Only the hidden layers follow the policy. The scales stay in float32, and so does the head: bfloat16 has eight
    significant bits, and would give progressions in steps of one.
    """
    import keras

    exact = {"dtype": "float32"}
    scale = keras.layers.Normalization(**exact)
    scale.adapt(features)
    weakly = keras.regularizers.L2(0.02)  # 221 rows
    hidden = keras.layers.Dense(16, activation="relu", kernel_regularizer=weakly, dtype="mixed_bfloat16")
    head = keras.layers.Dense(1, kernel_regularizer=weakly, **exact)
    back = keras.layers.Rescaling(float(label.std()), float(label.mean()), name=LABEL, **exact)
    return keras.Sequential(
        [keras.Input((features.shape[1],), name="measurements"), scale, hidden, head, back]
    )


def main() -> None:
    """Read, train, export."""
    options = parse(__doc__ or "", HERE)
    import keras

    keras.utils.set_random_seed(SEED)
    train, test = split(read_diabetes())
    train.to_parquet(options.out / "train.parquet", index=False)
    test.to_parquet(options.out / "test.parquet", index=False)
    features, label = train.drop(columns=LABEL).to_numpy(), train[[LABEL]].to_numpy()
    model = build(features, label)
    model.compile(keras.optimizers.Adam(0.005), "mse")
    model.fit(features, label, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    print("Layers compute in", {layer.name: layer.compute_dtype for layer in model.layers})
    model.export(options.out / "model", verbose=False)
    say_next(HERE, options.out, "test.parquet", "train.parquet")


if __name__ == "__main__":
    main()
