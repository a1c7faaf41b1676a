"""Trains a model of the team's own layers and exports it as a SavedModel, which needs none of their code.

The rows are scikit-learn's breast cancer data (Wolberg et al., 1995), which come with the package: ten measurements
of a tumour's cell nuclei, each as the mean over the nuclei, its standard error, and the worst of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402  (the layers derive from it)
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

VIEWS, MEASUREMENTS = 3, 10
LABEL = "diagnosis"
SEED, EPOCHS, BATCH = 0, 30, 32


@keras.saving.register_keras_serializable("nuclei")
class Views(keras.layers.Layer):
    """Looks at each measurement's three views together: how much the worst and the error add to the mean.

    Input (rows, 30) as the columns stand, output (rows, 10). A measurement's views are weighed by a softmax over
    them, learned for each measurement.
    """

    def build(self, shape: Any) -> None:
        """Make the weights: (views, measurements)."""
        self.weighing = self.add_weight(shape=(VIEWS, MEASUREMENTS), initializer="zeros", name="weighing")

    def call(self, x: Any) -> Any:
        """Return the weighted sum of the views."""
        views = keras.ops.reshape(x, (-1, VIEWS, MEASUREMENTS))
        return keras.ops.sum(views * keras.ops.softmax(self.weighing, axis=0), axis=1)


@keras.saving.register_keras_serializable("nuclei")
class Clipped(keras.layers.Layer):
    """Adds noise while training, and keeps the numbers within ``limit`` always."""

    def __init__(self, limit: float, **base: Any) -> None:
        super().__init__(**base)
        self.limit, self.random = limit, keras.random.SeedGenerator(SEED)

    def call(self, x: Any, training: bool = False) -> Any:
        """Return the numbers between -limit and limit; noisy ones in training."""
        if training:
            x = x + 0.3 * keras.random.normal(keras.ops.shape(x), seed=self.random)
        return keras.ops.clip(x, -self.limit, self.limit)

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "limit": self.limit}


def read_cancer() -> pd.DataFrame:
    """Return the thirty measurements and ``diagnosis``, benign or malignant."""
    bunch = load_breast_cancer(as_frame=True)
    table = bunch["data"].astype("float32")
    return table.assign(**{LABEL: bunch["target_names"][bunch["target"]]})


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 200 rows to train on, and 369 to test on."""
    order = np.random.default_rng(SEED).permutation(len(table))
    return table.iloc[order[:200]], table.iloc[order[200:]]


def build(features: np.ndarray) -> keras.Model:
    """Return the compiled network: input (rows, 30) float32, output P(malignant) of shape (rows, 1)."""
    scale = keras.layers.Normalization()
    scale.adapt(features)
    strongly = keras.regularizers.L2(0.01)  # 200 rows
    layers = [scale, Clipped(3.0), Views(), keras.layers.Dense(8, "tanh", kernel_regularizer=strongly)]
    head = keras.layers.Dense(1, "sigmoid", kernel_regularizer=strongly, name="malignant")
    model = keras.Sequential([keras.Input((features.shape[1],), name="nuclei"), *layers, head])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model


def main() -> None:
    """Read, train, export; as a `.keras` file as well, to show the difference."""
    options = parse(__doc__ or "", HERE)
    keras.utils.set_random_seed(SEED)
    train, test = split(read_cancer())
    train.to_parquet(options.out / "train.parquet", index=False)
    test.to_parquet(options.out / "test.parquet", index=False)
    features = train.drop(columns=LABEL).to_numpy()
    model = build(features)
    malignant = (train[[LABEL]] == "malignant").to_numpy("float32")
    model.fit(features, malignant, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    model.export(options.out / "model", verbose=False)
    model.save(options.out / "model.keras")
    say_next(HERE, options.out, "test.parquet", "train.parquet")


if __name__ == "__main__":
    main()
