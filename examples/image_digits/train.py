"""Trains a small convolutional network on scanned digits and exports it; the pictures are written as PNG files.

The 1,797 digits of 8 x 8 pixels come with scikit-learn (UCI, Alpaydin and Kaynak, 1998, CC BY 4.0). Each is given a
made-up scanner: ``new``, or ``old``, which loses contrast and adds noise. Training saw the new one only. The model
tells the digits of 5 and above, which go to a person for a second look, from those below.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LIMIT = 5
OLD_IN_TEST = 0.5
SEED, EPOCHS, BATCH = 0, 30, 32


@dataclass(frozen=True)
class Scans:
    """Scanned digits: ``pictures`` uint8 ``(n, 8, 8)``, the ``digit`` of each, and whether the scanner is ``old``."""

    pictures: np.ndarray
    digit: np.ndarray
    old: np.ndarray


def scan(old_share: float, chosen: np.ndarray, rng: np.random.Generator) -> Scans:
    """Return the digits numbered ``chosen``; the old scanner keeps 40 % of the contrast and adds noise."""
    digits = load_digits()
    clean, old = digits.images[chosen] / 16, rng.random(len(chosen)) < old_share
    worn = 0.3 + 0.4 * clean + rng.normal(scale=0.1, size=clean.shape)
    seen = np.clip(np.where(old[:, None, None], worn, clean), 0, 1)
    return Scans(np.rint(255 * seen).astype(np.uint8), digits.target[chosen], old)


def write(scans: Scans, folder: Path) -> None:
    """Write one PNG file a picture, and ``labels.csv``, which names them."""
    folder.mkdir(exist_ok=True)
    names = [f"{number:04}.png" for number in range(len(scans.pictures))]
    for name, picture in zip(names, scans.pictures, strict=True):
        Image.fromarray(picture).save(folder / name)
    look = np.where(scans.digit >= LIMIT, "look", "pass")
    scanner = np.where(scans.old, "old", "new")
    table = pd.DataFrame({"file": names, "scanner": scanner, "digit": scans.digit, "review": look})
    table.to_csv(folder / "labels.csv", index=False)


def train_model(train: Scans) -> keras.Model:
    """Return the trained network: input (rows, 8, 8, 1) float32 from 0 to 255, output P(look) of shape (rows, 1)."""
    import keras

    keras.utils.set_random_seed(SEED)
    layers = [
        keras.Input((8, 8, 1), name="picture"),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid", name="look"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    look = (train.digit >= LIMIT).astype(np.float32)
    model.fit(train.pictures[..., None].astype(np.float32), look, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return model


def main() -> None:
    """Scan, train, export."""
    options = parse(__doc__ or "", HERE)
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(load_digits().target))
    half = len(order) // 2
    train, test = scan(0.0, order[:half], rng), scan(OLD_IN_TEST, order[half:], rng)
    write(train, options.out / "train")
    write(test, options.out / "test")
    train_model(train).export(options.out / "model", verbose=False)
    say_next(HERE, options.out, "test", "train")


if __name__ == "__main__":
    main()
