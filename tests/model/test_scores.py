"""Scores are the signature's own, to the last bit, whatever the model looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.errors import AuditError
from audit.subject.predictions import Classified, Regressed

from ..audits import GIVEN, content, store, subject
from ..conftest import Models
from ..models import WEIGHTS


def table(rows: int = 700) -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "a": random.normal(size=rows).astype("float32"),
            "b": random.normal(size=rows).astype("float32"),
            "hours-per-week": random.integers(1, 90, rows).astype("float32"),
            "marital-status": random.choice(["Married", "Single", "Widowed"], rows),
            "count": random.integers(-3, 4, rows),
            "flag": random.random(rows) < 0.5,
            "label": random.integers(0, 2, rows),
        }
    )


def scored(path: Path, frame: pd.DataFrame, folder: Path, **spec: Any) -> Any:
    classes = {"favorable": 2} if frame["label"].nunique() == 3 else {}
    return subject(content(path, store(frame, folder), spec=spec, **classes)).scores


def by_hand(path: Path, **inputs: Any) -> np.ndarray:
    loaded = tf.saved_model.load(str(path))
    (out,) = loaded.signatures["serving_default"](**{k: tf.constant(v) for k, v in inputs.items()}).values()
    return out.numpy().astype(np.float64)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


AB = {"inputs": {"x": ["a", "b"]}}


@pytest.mark.parametrize("name", ["softmax", "keras_file"])
def test_softmax(model: Models, tmp_path: Path, name: str) -> None:
    frame = table().assign(label=np.arange(700) % 3)
    found = scored(model(name), frame, tmp_path, **AB)
    x = frame[["a", "b"]].to_numpy()
    np.testing.assert_array_equal(found.favorable, by_hand(model("softmax"), x=x)[:, 2])
    closed = softmax(x.astype(float) @ np.array(WEIGHTS))
    np.testing.assert_allclose(found.favorable, closed[:, 2], atol=1e-6)
    np.testing.assert_array_equal(found.guess, closed.argmax(1))
    np.testing.assert_allclose(found.certainty, closed[np.arange(700), frame["label"]], atol=1e-6)


@pytest.mark.parametrize("name", ["sigmoid", "wrapped_sigmoid"])
def test_sigmoid(model: Models, tmp_path: Path, name: str) -> None:
    frame = table()
    found = scored(model(name), frame, tmp_path, **AB)
    assert isinstance(found, Classified)
    raw = by_hand(model(name), x=frame[["a", "b"]].to_numpy()).reshape(-1)
    np.testing.assert_array_equal(found.favorable, raw)
    np.testing.assert_array_equal(found.predicted, raw >= 0.5)


@pytest.mark.parametrize(("name", "factor"), [("logits", 4.0), ("logit", 1.0)])
def test_logits_become_probabilities(model: Models, tmp_path: Path, name: str, factor: float) -> None:
    frame = table().assign(label=np.arange(700) % (3 if name == "logits" else 2))
    found = scored(model(name), frame, tmp_path, **AB)
    raw = by_hand(model(name), x=frame[["a", "b"]].to_numpy())
    np.testing.assert_allclose(
        raw, factor * frame[["a", "b"]].to_numpy() @ np.array(WEIGHTS)[:, : raw.shape[1]], atol=1e-5
    )
    two = np.concatenate([np.zeros_like(raw), raw], 1) if raw.shape[1] == 1 else raw
    np.testing.assert_allclose(found.favorable, softmax(two)[:, -1], rtol=1e-14)


Inputs = Callable[[pd.DataFrame], dict[str, np.ndarray]]
COLUMNS: dict[str, Inputs] = {
    "flat_columns": lambda f: {
        "hours_per_week": f["hours-per-week"].to_numpy(),
        "marital_status": f["marital-status"].to_numpy(object),
    },
    "keras_columns": lambda f: {
        "hours_per_week": f[["hours-per-week"]].to_numpy(),
        "marital_status": f[["marital-status"]].to_numpy(object),
    },
    "typed_columns": lambda f: {"count": f[["count"]].to_numpy(), "flag": f[["flag"]].to_numpy()},
}


@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize("file", ["table.parquet", "table.csv"])
def test_one_tensor_a_column(model: Models, tmp_path: Path, name: str, file: str) -> None:
    frame = table()
    found = subject(content(model(name), store(frame, tmp_path, file))).scores
    assert isinstance(found, Classified)
    np.testing.assert_array_equal(found.favorable, by_hand(model(name), **COLUMNS[name](frame)).reshape(-1))


def test_closed_form_of_columns(model: Models, tmp_path: Path) -> None:
    frame = table()
    found = scored(model("flat_columns"), frame, tmp_path)
    z = 0.1 * (frame["hours-per-week"] - 40) + np.where(frame["marital-status"] == "Married", 1, -1)
    np.testing.assert_allclose(found.favorable, 1 / (1 + np.exp(-z.to_numpy(float))), atol=1e-6)


def test_regression_is_handed_on(model: Models, tmp_path: Path) -> None:
    frame = pd.DataFrame({"score": [-2.5, 7.25, 0.0], "label": [-2.0, 7.0, 0.5]})
    policy = content(model("given"), store(frame, tmp_path), spec={**GIVEN, "output": "regression"})
    found = subject(policy).scores
    assert isinstance(found, Regressed)
    np.testing.assert_array_equal(found.prediction, frame["score"])
    np.testing.assert_array_equal(found.target, frame["label"])


def test_one_output_of_several(model: Models, tmp_path: Path) -> None:
    frame, spec = table(), {"inputs": {"x": ["a", "b"]}}
    with pytest.raises(AuditError, match=r"'chance', 'risk'"):
        scored(model("two_outputs"), frame, tmp_path, **spec)
    for name, column in (("risk", "a"), ("chance", "b")):
        found = scored(model("two_outputs"), frame, tmp_path, **spec, output={"name": name})
        np.testing.assert_allclose(
            found.favorable, 1 / (1 + np.exp(-frame[column].to_numpy(float))), atol=1e-6
        )


def test_scores_that_are_no_numbers_are_refused_with_the_row(model: Models, tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, -1.0, -2.0], "label": [0, 1, 0, 1]})
    with pytest.raises(AuditError, match="in 2 rows, first in row 3"):
        scored(model("not_a_number"), frame, tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("count", 1.5, "not whole"),
        ("count", 1e30, "beyond its range"),
        ("flag", 2, "beyond its range"),
        ("flag", 0.5, "not whole"),
    ],
)
def test_whole_numbers_and_flags_are_not_rounded(
    model: Models, tmp_path: Path, column: str, value: float, found: str
) -> None:
    frame = table(20).astype({"count": float, "flag": float})
    frame.loc[3, column] = value
    with pytest.raises(AuditError, match=f"row 4: data column '{column}'[^$]*{found}"):
        scored(model("typed_columns"), frame, tmp_path)
