"""MobileNetV2 as teams fine-tune it: the base frozen, a new head, small images; weights are seeded, not downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from .kind import Made

SIDE, ROWS = 32, 150
FEW = {
    "explainability": {"rows": 10, "references": 5},
    "robustness": {"eps": [0.1], "steps": 2, "queries": 10},
}
"""Options for a network that takes a hundred times as long as the others of the zoo."""


def images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images ``(rows, 32, 32, 3)`` float32 in 0 to 255, their labels and each person's sex.

    A bar stands upright or lies down, somewhere, on a noisy ground.
    """
    random = np.random.default_rng(0)
    label = random.integers(0, 2, ROWS)
    found = random.integers(0, 80, (ROWS, SIDE, SIDE, 3))
    for image, lies, at in zip(found, label, random.integers(4, SIDE - 8, ROWS), strict=True):
        (image if lies else image.transpose(1, 0, 2))[at : at + 5, 4:-4] += 150
    return found.astype(np.float32), label, random.choice(["Female", "Male"], ROWS)


def mobilenet(folder: Path) -> Made:
    pictures, label, sex = images()
    np.savez(folder / "images.npz", image=pictures.astype(np.uint8), label=label, sex=sex)
    keras.utils.set_random_seed(0)
    base = keras.applications.MobileNetV2(
        (SIDE, SIDE, 3), alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    base.trainable = False
    _fitted(base, pictures, label).export(folder / "model", verbose=False)
    pixels: dict[str, object] = {"pixels": [0, 255]}
    return Made(
        folder / "model", folder / "images.npz", lambda: {"image": pictures}, given=pixels, checks=FEW
    )


def _fitted(base: keras.Model, pictures: np.ndarray, label: np.ndarray) -> keras.Model:
    """Train the head on the base's features, which do not change, and put both together."""
    features = base.predict(pictures / 127.5 - 1, verbose=0)
    scale = 1 / features.std()  # random weights leave some 1e-12 of the picture
    standardized = keras.layers.Rescaling(scale, -features.mean(0) * scale)
    head = keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=keras.regularizers.L2(0.01))
    top = keras.Sequential([standardized, head])
    top.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    top.fit(features, label, batch_size=50, epochs=10, verbose=0)
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x: Any = keras.layers.Rescaling(1 / 127.5, -1)(image)
    return keras.Model(image, top(base(x, training=False)))
