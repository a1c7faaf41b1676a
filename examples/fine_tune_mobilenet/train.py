"""Fine-tunes MobileNetV2 on small pictures: the base is frozen, only a new head is trained.

The pictures are scikit-learn's digits (Alpaydin and Kaynak, 1998), which come with the package, enlarged from 8 x 8 to
32 x 32. What is asked of each is whether the digit has a closed loop, as 0, 6, 8 and 9 have.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_digits

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIDE, LOOPED = 32, (0, 6, 8, 9)
SEED, EPOCHS, BATCH = 0, 12, 32
TRAIN_ROWS = 1_000


def read_digits() -> dict[str, np.ndarray]:
    """Return ``picture`` (rows, 32, 32, 3) uint8, ``shape`` (loop or open) and ``ink``: how dark it is, 0 to 1."""
    digits = load_digits()
    large = np.kron(digits.images, np.ones((SIDE // 8, SIDE // 8)))
    gray = np.rint(large * (255 / 16)).astype(np.uint8)
    return {
        "picture": np.repeat(gray[..., None], 3, axis=3),
        "shape": np.where(np.isin(digits.target, LOOPED), "loop", "open"),
        "ink": digits.images.mean((1, 2)) / 16,
    }


def split(rows: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return the rows to train on, and the others."""
    order = np.random.default_rng(SEED).permutation(len(rows["shape"]))
    parts = {"train": order[:TRAIN_ROWS], "test": order[TRAIN_ROWS:]}
    return {name: {column: values[part] for column, values in rows.items()} for name, part in parts.items()}


def pretrained() -> keras.Model:
    """Return the frozen base: pictures of -1 to 1 in, 1,280 features out.

    Its weights are random, so that this runs offline; ``weights="imagenet"`` is what one would use.
    """
    import keras

    base = keras.applications.MobileNetV2(
        (SIDE, SIDE, 3), alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    base.trainable = False
    return base


def fine_tuned(base: keras.Model, train: dict[str, np.ndarray]) -> keras.Model:
    """Return the base with a trained head: pictures (rows, 32, 32, 3) of 0 to 255 in, P(open) (rows, 1) out.

    The base is called in inference mode, also while the head is trained: its features are computed once.
    """
    import keras

    prepared = keras.layers.Rescaling(1 / 127.5, -1)
    features = base.predict(prepared(train["picture"]), verbose=0)
    scale = 1 / features.std()  # random weights leave little of a picture: some 1e-12
    weakly = keras.regularizers.L2(0.001)
    layers = [
        keras.layers.Rescaling(scale, -features.mean(0) * scale),
        keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=weakly, name="open"),
    ]
    head = keras.Sequential(layers)
    head.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    is_open = (train["shape"] == "open").astype("float32")
    head.fit(features, is_open, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    return keras.Model(picture, head(base(prepared(picture), training=False)))


def main() -> None:
    """Read, train the head, export."""
    options = parse(__doc__ or "", HERE)
    import keras

    keras.utils.set_random_seed(SEED)
    parts = split(read_digits())
    for name, rows in parts.items():
        np.savez_compressed(options.out / f"{name}.npz", **rows)
    fine_tuned(pretrained(), parts["train"]).export(options.out / "model", verbose=False)
    say_next(HERE, options.out, "test.npz", "train.npz")


if __name__ == "__main__":
    main()
