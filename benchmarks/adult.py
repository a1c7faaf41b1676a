"""Adult data and its two models: one on the file's text columns, one on a tensor of 13 numbers."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "adult_income"
WORK = EXAMPLE / "work"
LABEL, FAVORABLE = "income", ">50K"
NUMERIC = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass(frozen=True)
class Adult:
    """A model and its rows: SavedModel, the same as a Keras file (of numbers only), and Parquet tables."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def keras(self) -> Path:
        return self.folder / "model.keras"

    @property
    def test(self) -> Path:
        return self.folder / "test.parquet"

    @property
    def train(self) -> Path:
        return self.folder / "train.parquet"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what all these benchmarks ask for."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--pairs", type=int, default=5, help="of timings, ours and the other in turn")
    found.add_argument("--data-dir", type=Path, help="of the raw Adult files; default: they are downloaded")
    return found


def strings(data_dir: Path | None) -> Adult:
    """Return the example's model of strings, trained where it is not there yet."""
    found = Adult(WORK)
    if not found.model.exists():
        given = ["--data-dir", str(data_dir)] if data_dir else []
        subprocess.run([sys.executable, EXAMPLE / "train.py", *given], check=True)
    return found


def numbers(data_dir: Path | None) -> Adult:
    """Return the data with texts as ordinal codes, and a model of one tensor, trained where it is not there yet."""
    given, found = strings(data_dir), Adult(WORK / "numeric")
    if not found.model.exists():
        found.folder.mkdir(exist_ok=True)
        train, test = (pd.read_parquet(file) for file in (given.train, given.test))
        train, test = _coded(train, train), _coded(test, train)
        train.to_parquet(found.train, index=False)
        test.to_parquet(found.test, index=False)
        _train(train, found)
    return found


def matrix(table: Path) -> np.ndarray:
    """Return the features of a table of numbers, float32 (rows, 13)."""
    return pd.read_parquet(table).drop(columns=LABEL).to_numpy(np.float32)


def positive(table: Path) -> np.ndarray:
    """Return which rows earn above 50K, int (rows,)."""
    return (pd.read_parquet(table, columns=[LABEL])[LABEL] == FAVORABLE).to_numpy(np.int32)


def _coded(table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Replace texts by their places among those of the training rows; fnlwgt, a survey weight, is no feature."""
    coded = {}
    for name in table.columns.drop("fnlwgt"):
        if name in (LABEL, *NUMERIC):
            coded[name] = table[name]
        else:
            coded[name] = pd.Series(np.searchsorted(np.unique(train[name]), table[name]), dtype="float32")
    return pd.DataFrame(coded)


def _train(table: pd.DataFrame, out: Adult) -> None:
    import keras

    keras.utils.set_random_seed(0)
    x, y = matrix(out.train), positive(out.train)
    scale = keras.layers.Normalization()
    scale.adapt(x)
    layers = [keras.Input((x.shape[1],), name="features"), scale]
    layers += [keras.layers.Dense(units, activation="relu") for units in (64, 32)]
    model = keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.002), "binary_crossentropy")
    model.fit(x, y, epochs=5, batch_size=256, verbose=0)
    model.save(out.keras)
    model.export(out.model, verbose=False)
