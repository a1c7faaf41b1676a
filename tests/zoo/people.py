"""The rows that most kinds are audited on: four numbers that decide a loan, and what else is known of a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 300
NUMBERS = ["income", "debt", "years", "late"]
"""Columns of numbers about standard normal, in steps of an eighth, which sixteen bits hold."""

WEIGHTS = np.array([1.6, -1.2, 0.7, -0.9], np.float32)
"""By which they decide; models know them, so that none has to be trained."""

CLASS_WEIGHTS = np.array(
    [[1.6, -0.4, -1.4], [-1.2, 0.2, 1.1], [0.7, 0.9, -1.5], [-0.9, 0.1, 0.8]], np.float32
)
"""The same for three classes."""


def people(seed: int = 0, three: bool = False) -> pd.DataFrame:
    """Return the rows; ``label`` is 0 or 1, or with ``three`` 0, 1 or 2: it follows the weights with some noise."""
    random = np.random.default_rng(seed)
    numbers = np.round(np.clip(random.normal(size=(ROWS, len(NUMBERS))), -3, 3) * 8) / 8
    frame = pd.DataFrame(numbers.astype(np.float32), columns=NUMBERS)
    frame["sex"] = random.choice(["Female", "Male"], ROWS, p=[0.45, 0.55])
    chances = numbers @ (CLASS_WEIGHTS if three else np.stack([0 * WEIGHTS, WEIGHTS], 1))
    frame["label"] = (chances + random.gumbel(size=chances.shape)).argmax(1)
    return frame


def matrix(frame: pd.DataFrame) -> np.ndarray:
    """Return the four numbers, float32 ``(rows, 4)``."""
    return frame[NUMBERS].to_numpy(np.float32)


def stored(frame: pd.DataFrame, folder: Path) -> Path:
    """Write the rows as Parquet and return the file."""
    frame.to_parquet(folder / "people.parquet", index=False)
    return folder / "people.parquet"
