"""What the tests of the cut graph share: an audited subject, its logits as numbers, and their gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from audit.subject.predictions import Classified
from audit.subject.subject import Subject

from ...audits import content, file_rows, store, subject

ROWS = 300


def numbers(columns: int = 2, rows: int = ROWS, scale: float = 2.0) -> pd.DataFrame:
    """Return rows of the columns ``a``, ``b``, … as 32-bit floats hold them."""
    values = np.random.default_rng(7).normal(0, scale, (rows, columns)).astype(np.float32)
    return pd.DataFrame(values, columns=list("abcdefghij")[:columns])


def audited(
    model: Path, frame: pd.DataFrame, folder: Path, classes: int = 2, output: str = "auto", **spec: Any
) -> Subject:
    """Return the subject of an audit in which every class occurs and the last one is favourable."""
    frame = frame.assign(label=np.arange(len(frame)) % classes)
    spec = {"output": output, **spec}
    given: dict[str, Any] = {} if output == "regression" else {"favorable": classes - 1}
    return subject(content(model, store(frame, folder), spec=spec, **given))


def values(found: Subject, matrix: np.ndarray | None = None) -> np.ndarray:
    """Return the logits of the sampled rows, or of a matrix."""
    matrix = file_rows(found) if matrix is None else matrix
    return np.asarray(tf.function(found.logits)(tf.constant(matrix)).numpy(), np.float64)


def odds(found: Subject) -> np.ndarray:
    """Return the log-odds of the second of two classes."""
    logits = values(found)
    return np.asarray(logits[:, 1] - logits[:, 0])


def gradient(found: Subject, matrix: np.ndarray | None = None) -> np.ndarray:
    """Return the gradient ``(rows, columns)`` of the last logit (less the first, if there are two and more)."""
    matrix = file_rows(found) if matrix is None else matrix

    model = found.logits

    @tf.function
    def slope(rows: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            logits = model(rows)
            upper = logits[:, -1] - (logits[:, 0] if logits.shape[1] > 1 else 0)
        return tape.gradient(upper, rows, unconnected_gradients="zero")

    return np.asarray(slope(tf.constant(matrix)).numpy())


def export(path: Path, score: Callable[..., Any], inputs: Mapping[str, Any], **held: Any) -> Path:
    """Export ``score(module, *inputs)``, where the module holds variables and tables."""
    module = tf.Module()
    for name, value in held.items():
        setattr(module, name, value)
    specs = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]
    module.call = tf.function(lambda *given: {"score": score(module, *given)}, input_signature=specs)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})
    return path


def uncut(found: Subject) -> np.ndarray:
    """Return the audited score of the second of two classes on the sampled rows."""
    assert isinstance(found.scores, Classified)
    return np.asarray(found.scores.favorable, np.float64)
