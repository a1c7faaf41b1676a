"""What a model scores when it is called by hand: by TensorFlow or Keras, without the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import expit, softmax

from .kind import Made


def raw(made: Made) -> np.ndarray:
    """Return the audited output of all rows in one batch, ``(rows, columns)`` in the model's own type."""
    path = made.exported or made.model
    outputs = _keras(path, made) if path.is_file() else _signature(path, made)
    spec = made.spec.get("output")
    chosen = spec.get("name") if isinstance(spec, dict) else None
    name = chosen or ("scores" if "scores" in outputs else next(iter(outputs)))
    found = outputs[name].numpy()
    columns = np.asarray(found.reshape(len(found), -1))
    column = spec.get("column") if isinstance(spec, dict) else None
    return columns if column is None else columns[:, [column]]


def probabilities(raw: np.ndarray, kind: str) -> np.ndarray:
    """Return class probabilities ``(rows, classes)`` of an output of that kind; a regression's values as they are."""
    values = raw.astype(np.float64)
    if kind == "regression":
        return values
    if kind == "logits":
        return (
            np.stack([expit(-values[:, 0]), expit(values[:, 0])], 1)
            if values.shape[1] == 1
            else softmax(values, 1)
        )
    return np.concatenate([1 - values, values], 1) if values.shape[1] == 1 else values


def _keras(path: Path, made: Made) -> dict[str, Any]:
    import keras

    model = keras.models.load_model(path, compile=False)
    fed = dict(made.fed())
    call = tf.function(lambda given: model(given, training=False))
    return {"output": call(next(iter(fed.values())) if len(fed) == 1 else fed)}


def _signature(path: Path, made: Made) -> dict[str, Any]:
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures[made.spec.get("signature", "serving_default")]
    shapes = [spec.shape for spec in function.structured_input_signature[1].values()]
    fixed = next((shape[0] for shape in shapes if shape.rank), None)
    parts = [function(**part) for part in _parts(made.fed(), fixed)]
    rows = len(next(iter(made.fed().values())))
    return {name: tf.concat([part[name] for part in parts], 0)[:rows] for name in parts[0]}


def _parts(fed: Mapping[str, Any], size: int | None) -> Iterator[dict[str, Any]]:
    """Yield all rows at once, or in batches of a fixed size of which the last is filled up with its own rows."""
    given = {name: tf.convert_to_tensor(tensor) for name, tensor in fed.items()}
    rows = len(next(iter(given.values())))
    if size is None:
        yield given
        return
    for start in range(0, rows, size):
        places = np.minimum(np.arange(start, start + size), rows - 1)
        yield {name: tf.gather(tensor, places) for name, tensor in given.items()}
