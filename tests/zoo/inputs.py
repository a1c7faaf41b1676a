"""Kinds by the tensors that the model takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from .kind import Kind, Made
from .networks import X, export, logit
from .people import NUMBERS, matrix, people, stored


def one_tensor(folder: Path) -> Made:
    frame = people()
    model = export(folder / "model", lambda x: tf.sigmoid(logit(x)), X)
    return Made(model, stored(frame, folder), lambda: {"x": matrix(frame)})


def _columns(folder: Path, shape: list[int | None]) -> Made:
    """One tensor a column; the order of the signature is not that of the data."""
    frame = people()

    def score(**given: Any) -> Any:
        return tf.sigmoid(logit(tf.stack([tf.reshape(given[name], [-1]) for name in NUMBERS], 1)))

    model = export(
        folder / "model", score, {name: tf.TensorSpec(shape, tf.float32) for name in reversed(NUMBERS)}
    )
    sizes = [len(frame), *shape[1:]]
    return Made(
        model,
        stored(frame, folder),
        lambda: {name: frame[name].to_numpy(np.float32).reshape(sizes) for name in NUMBERS},
    )


def rank_1(folder: Path) -> Made:
    return _columns(folder, [None])


def rank_2(folder: Path) -> Made:
    return _columns(folder, [None, 1])


def widths(folder: Path) -> Made:
    """Several tensors, of which one takes three columns and one takes one."""
    taken = {"money": ["income", "debt", "late"], "time": ["years"]}

    def score(money: Any, time: Any) -> Any:
        return tf.sigmoid(logit(tf.concat([money[:, :2], time, money[:, 2:]], 1)))

    return _wide(folder, score, taken)


def _wide(folder: Path, score: Callable[..., Any], taken: Mapping[str, list[str]]) -> Made:
    """Export ``score`` of tensors of the columns ``taken``, which the policy lists."""
    frame = people()
    specs = {name: tf.TensorSpec([None, len(names)], tf.float32) for name, names in taken.items()}
    return Made(
        export(folder / "model", score, specs),
        stored(frame, folder),
        lambda: {name: frame[names].to_numpy(np.float32) for name, names in taken.items()},
        spec={"inputs": dict(taken)},
    )


def shared(folder: Path) -> Made:
    """A wide and a deep part, which read some columns both."""
    taken = {"deep": NUMBERS, "wide": ["income", "late"]}

    def score(deep: Any, wide: Any) -> Any:
        return tf.sigmoid(logit(deep) + tf.reduce_sum(wide * tf.constant([0.3, -0.2]), 1))

    return _wide(folder, score, taken)


KINDS = [
    Kind("one tensor of floats", "input", one_tensor),
    Kind("one tensor a column, rank 1", "input", rank_1),
    Kind("one tensor a column, rank 2", "input", rank_2),
    Kind("several tensors of several widths", "input", widths),
    Kind("a column that two tensors take", "input", shared),
]
