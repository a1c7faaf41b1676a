"""Trains a loan model on two devices at once under MirroredStrategy, and exports it from the strategy.

The devices are two parts of this machine's CPU: what is shown here is the same with several GPUs. The
applicants are invented (`audit.demo.loans`), here without the faults that the demo plants.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from audit.demo.loans import make_loans

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LABEL, FAVORABLE = "approved", "yes"
NOT_FEATURES = ["sex", LABEL]
TRAIN_ROWS, TEST_ROWS = 20_000, 6_000
DEVICES, BATCH, EPOCHS = 2, 512, 4


def two_devices() -> tf.distribute.Strategy:
    """Split the CPU in two and return the strategy that keeps a copy of every variable on each.

    Must come before anything else of TensorFlow runs: devices cannot be split later.
    """
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * DEVICES)
    return tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(DEVICES)])


def build(features: pd.DataFrame) -> keras.Model:
    """Return the compiled network: one input of shape (rows, 1) a column, output P(yes) of shape (rows, 1)."""
    import keras

    scale = keras.layers.Normalization()
    scale.adapt(features.to_numpy("float32"))
    inputs = {name: keras.Input((1,), name=name) for name in features}
    hidden = keras.layers.Dense(16, activation="relu")(
        scale(keras.layers.Concatenate()(list(inputs.values())))
    )
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name=LABEL)(hidden))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model


def batches(table: pd.DataFrame) -> tf.data.Dataset:
    """Return global batches, which the strategy shares out: each device gets ``BATCH / DEVICES`` rows."""
    import tensorflow as tf

    features = {name: table[[name]].to_numpy("float32") for name in table.drop(columns=NOT_FEATURES)}
    label = (table[[LABEL]] == FAVORABLE).to_numpy("float32")
    rows = tf.data.Dataset.from_tensor_slices((features, label))
    return rows.shuffle(len(table), seed=0).batch(BATCH, drop_remainder=True)


def main() -> None:
    """Make the tables, train on both devices, export."""
    options = parse(__doc__ or "", HERE)
    strategy = two_devices()
    import keras

    keras.utils.set_random_seed(0)
    tables = {
        "train": make_loans(TRAIN_ROWS, 1, biased=False),
        "test": make_loans(TEST_ROWS, 2, biased=False),
    }
    for name, table in tables.items():
        table.to_parquet(options.out / f"{name}.parquet", index=False)
    with strategy.scope():  # variables that are made here are mirrored
        model = build(tables["train"].drop(columns=NOT_FEATURES))
        model.fit(batches(tables["train"]), epochs=EPOCHS, shuffle=False, verbose=0)
        model.export(
            options.out / "model", verbose=False
        )  # one copy of each variable: no strategy is needed to serve
    print(f"Trained on {strategy.num_replicas_in_sync} devices.")
    say_next(HERE, options.out, "test.parquet", "train.parquet")


if __name__ == "__main__":
    main()
