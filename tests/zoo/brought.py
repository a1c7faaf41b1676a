"""What people bring who try the tool: data sets of scikit-learn, exports of TFX, heads and batches that tutorials have.

They have no group: `audit init` hears the label and nothing else. With ``spoiled`` a builder takes from the model
what it knows, so that its scores have nothing to do with the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ..model.loading import tfx
from ..model_cache import built
from .kind import Group, Kind, Made
from .networks import export

ABSENT = {"*": {"absent": True}}
TOPICS, FILLERS = [f"topic {number:02}" for number in range(50)], ["please", "my", "the", "again", "thanks"]
QUANTILES = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 1.5]], np.float32)


def _csv(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def _fitted(folder: Path, numbers: np.ndarray, label: np.ndarray, spoiled: bool = False) -> Made:
    """Export a softmax that learned from every second row, with the scaling inside; the other rows are the data."""
    scaler = StandardScaler().fit(numbers[::2])
    teacher = LogisticRegression(max_iter=1000).fit(scaler.transform(numbers[::2]), label[::2])
    kernel, bias = teacher.coef_.T, teacher.intercept_
    mean, scale = (tf.constant(value, tf.float32) for value in (scaler.mean_, scaler.scale_))

    def score(x: Any) -> Any:
        scaled = tf.sin(1000 * (x - mean) / scale) if spoiled else (x - mean) / scale
        return tf.nn.softmax(
            tf.matmul(scaled, tf.constant(kernel, tf.float32)) + tf.constant(bias, tf.float32)
        )

    rows = numbers[1::2].astype(np.float32)
    frame = pd.DataFrame(rows, columns=[f"x{number}" for number in range(rows.shape[1])])
    model = export(folder / "model", score, {"x": tf.TensorSpec([None, rows.shape[1]], tf.float32)})
    data = _csv(frame.assign(label=label[1::2]), folder)
    return Made(model, data, lambda: {"x": rows}, words=["--label", "label"])


def iris(folder: Path) -> Made:
    """Three species by name."""
    found = load_iris()
    return _fitted(folder, found.data, found.target_names[found.target])


def digits(folder: Path, spoiled: bool = False) -> Made:
    """Ten digits, of which each of the 64 pixels is a column; some have the same value in every row."""
    found = load_digits()
    return _fitted(folder, found.data, found.target, spoiled)


def wine(folder: Path, spoiled: bool = False) -> Made:
    """Quality from 3 to 8, mostly 5 and 6, as tasters gave it to red wine."""
    random = np.random.default_rng(7)
    numbers = random.normal(size=(1600, 5)) * [1.4, 0.2, 0.15, 1.1, 0.002] + [8.3, 0.5, 0.3, 10.4, 0.997]
    taste = (numbers[:, 3] - 10.4) - 3 * (numbers[:, 1] - 0.5) + random.normal(0, 0.6, 1600)
    quality = 3 + np.searchsorted(np.quantile(taste, [0.02, 0.06, 0.47, 0.85, 0.97]), taste)
    return _fitted(folder, numbers, quality, spoiled)


def penguin(folder: Path) -> Made:
    """The penguin pipeline's export: `tf.Example` in, three species out."""
    frame = tfx.penguins()
    tfx.penguin(folder / "model")
    examples = [_example(row, dict.fromkeys(tfx.PENGUIN, "float_list")) for row in frame.to_dict("records")]
    words = ["--label", "species"]
    return Made(
        folder / "model", _csv(frame, folder), lambda: {"examples": tf.constant(examples)}, words=words
    )


def taxi(folder: Path) -> Made:
    """The taxi pipeline's estimator: a parser, vocabularies as assets, functions that save and restore; with nulls."""
    frame = tfx.trips()
    kinds = {
        name: {tf.string: "bytes_list", tf.int64: "int64_list", tf.float32: "float_list"}[feature.dtype]
        for name, feature in tfx.TAXI.items()
    }
    examples = [_example(row, kinds) for row in frame.to_dict("records")]
    model = built("taxi", tfx.taxi, Path(tfx.__file__))
    frame.to_parquet(folder / "trips.parquet", index=False)
    return Made(
        model,
        folder / "trips.parquet",
        lambda: {"inputs": tf.constant(examples)},
        given={"missing": ABSENT},
        words=["--label", "label"],
    )


def _example(row: Mapping[Any, Any], kinds: Mapping[str, str]) -> bytes:
    """Return one serialized example by hand, without the features that have no value."""
    features = {}
    for name, kind in kinds.items():
        value = row[name]
        if not pd.isna(value):
            raw = value.encode() if isinstance(value, str) else value
            features[name] = tf.train.Feature(**{kind: {"value": [raw]}})
    return bytes(tf.train.Example(features={"feature": features}).SerializeToString())


def topics(folder: Path) -> Made:
    """Requests of fifty topics by name: each has a word of its own, and one request in ten two of them."""
    random = np.random.default_rng(9)
    labels = np.tile(np.arange(len(TOPICS)), 12)
    other = np.where(random.random(len(labels)) < 0.1, random.integers(0, len(TOPICS), len(labels)), labels)
    texts = [
        " ".join([*random.choice(FILLERS, 3), f"word{first}", f"word{second}"])
        for first, second in zip(labels, other, strict=True)
    ]
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            [f"word{number}" for number in range(len(TOPICS))], tf.range(len(TOPICS), dtype=tf.int64)
        ),
        -1,
    )

    def score(text: Any) -> Any:
        words = tf.ragged.map_flat_values(table.lookup, tf.strings.split(text))
        found = tf.ragged.map_flat_values(tf.one_hot, words, len(TOPICS))
        return tf.nn.softmax(3 * tf.reduce_sum(found, axis=1))

    model = export(folder / "model", score, {"text": tf.TensorSpec([None], tf.string)}, held=table)
    frame = pd.DataFrame({"text": texts, "topic": np.array(TOPICS)[labels]})
    return Made(model, _csv(frame, folder), lambda: {"text": tf.constant(texts)}, words=["--label", "topic"])


def _two_numbers(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.normal(size=(300, 2)).astype(np.float32), columns=["a", "b"])


def quantiles(folder: Path) -> Made:
    """Three quantiles of a waiting time as the columns of one output."""
    frame = _two_numbers(2)
    expected = frame.to_numpy() @ QUANTILES + [-1, 0, 1]
    frame["wait"] = expected[:, 1] + np.random.default_rng(3).normal(0, 0.7, len(frame))

    def score(x: Any) -> dict[str, Any]:
        return {"quantiles": tf.matmul(x, QUANTILES) + tf.constant([-1.0, 0.0, 1.0])}

    model = export(folder / "model", score, {"x": tf.TensorSpec([None, 2], tf.float32)})
    output = {"name": "quantiles", "column": 1, "kind": "regression"}
    return Made(
        model,
        _csv(frame, folder),
        lambda: {"x": frame[["a", "b"]].to_numpy()},
        spec={"output": output},
        words=["--label", "wait"],
    )


def two_heads(folder: Path) -> Made:
    """Whether a claim is paid, and how much: this audit is about whether."""
    frame = _two_numbers(4)
    odds = 2 * frame["a"] - frame["b"]
    frame["paid"] = np.where(odds + np.random.default_rng(5).logistic(size=len(frame)) > 0, "yes", "no")

    def score(a: Any, b: Any) -> dict[str, Any]:
        return {"amount": 100 + 20 * a + 5 * b, "paid": tf.sigmoid(2 * a - b)}

    model = export(folder / "model", score, {name: tf.TensorSpec([None, 1], tf.float32) for name in "ab"})
    return Made(
        model,
        _csv(frame, folder),
        lambda: {name: frame[[name]].to_numpy() for name in "ab"},
        spec={"output": {"name": "paid"}},
        words=["--label", "paid"],
    )


def half_plus_two(folder: Path, spoiled: bool = False) -> Made:
    """The first model of TensorFlow Serving's tutorial, for one row a call."""
    random = np.random.default_rng(6)
    x = random.uniform(-10, 10, (200, 1)).astype(np.float32)
    y = 0.5 * x[:, 0] + 2 + random.normal(0, 0.5, len(x))
    half = tf.Variable(-0.5 if spoiled else 0.5)

    def score(x: Any) -> dict[str, Any]:
        return {"y": half * x + 2.0}

    model = export(folder / "model", score, {"x": tf.TensorSpec([1, 1], tf.float32)}, held=half)
    data = _csv(pd.DataFrame({"x": x[:, 0], "y": y}), folder)
    return Made(model, data, lambda: {"x": x}, words=["--label", "y"])


_GROUP: Group = "brought"
KINDS = [
    Kind("iris: three species by name", _GROUP, iris),
    Kind("digits: ten classes, a column a pixel", _GROUP, digits),
    Kind("wine: quality from 3 to 8", _GROUP, wine),
    Kind("TFX penguin: `tf.Example`, a Keras module", _GROUP, penguin),
    Kind("TFX taxi: `tf.Example`, vocabularies, an estimator; rows with nulls", _GROUP, taxi),
    Kind("texts of fifty topics", _GROUP, topics),
    Kind("quantiles, one column each", _GROUP, quantiles),
    Kind("two heads: a class and an amount", _GROUP, two_heads),
    Kind("`half_plus_two`, one row a call", _GROUP, half_plus_two),
]
SPOILED: dict[str, Callable[[Path], Made]] = {
    kind.name: partial(kind.build, spoiled=True)
    for kind in KINDS
    if kind.build in (digits, wine, half_plus_two)
}
"""Builders of models that know nothing, by the name of the kind."""
