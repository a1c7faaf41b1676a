"""What an output is, with the evidence; and questions instead of guesses where it stays open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.errors import AuditError, ScoresRefused
from audit.model.describe import describe
from audit.model.head import Head
from audit.result import OutputFacts

from ..audits import classified, content, store, subject
from ..conftest import Models
from ..models import save

AB = ["a", "b"]


def detected(path: Path, frame: pd.DataFrame, folder: Path, **spec: Any) -> OutputFacts:
    policy = content(path, store(frame, folder), spec=spec, favorable=frame["label"].max().item())
    return subject(policy).model_facts.output


def numeric(columns: int, low: float = -1, high: float = 1) -> pd.DataFrame:
    values = np.random.default_rng(2).uniform(low, high, (60, columns))
    frame = pd.DataFrame(values, columns=list("abc")[:columns])
    return frame.assign(label=np.arange(60) % 3)


@pytest.mark.parametrize(
    ("name", "kind", "classes", "evidence"),
    [
        ("softmax", "probabilities", 3, "computed by Softmax"),
        ("keras_file", "probabilities", 3, "computed by Softmax"),
        ("sigmoid", "sigmoid", 2, "computed by Sigmoid"),
        ("wrapped_sigmoid", "sigmoid", 2, "computed by Sigmoid"),
        ("logits", "logits", 3, "values from -"),
        ("logit", "logits", 2, "computed by MatMul; values from -"),
        ("log_softmax", "logits", 3, "computed by LogSoftmax; values from -"),
    ],
)
def test_each_kind_with_its_evidence(
    model: Models, tmp_path: Path, name: str, kind: str, classes: int, evidence: str
) -> None:
    frame = numeric(2)
    found = detected(model(name), frame.assign(label=frame["label"] % classes), tmp_path)
    assert found.kind == kind and evidence in found.evidence
    assert found.classes == list(range(classes))


@pytest.mark.parametrize("name", ["softmax", "keras_file", "sigmoid", "logits", "logit"])
def test_a_gradient_reaches_the_input_of_every_head(model: Models, tmp_path: Path, name: str) -> None:
    """The columns of a softmax sum to one: the gradient of their plain sum is zero everywhere."""
    frame = numeric(2).assign(label=np.arange(60) % (2 if name in ("sigmoid", "logit") else 3))
    policy = content(model(name), store(frame, tmp_path), favorable=1)
    assert subject(policy).model_facts.differentiable is True
    assert describe(model(name), "serving_default")["differentiable"] is True


def test_whole_numbers_have_a_gradient_behind_their_cast(model: Models) -> None:
    assert describe(model("typed_columns"), "serving_default")["differentiable"] is True


def test_rows_that_sum_to_one_are_probabilities(model: Models, tmp_path: Path) -> None:
    frame = numeric(3, 0.1)
    frame[list("abc")] = frame[list("abc")].div(frame[list("abc")].sum(axis=1), axis=0)
    found = detected(model("given3"), frame, tmp_path)
    assert found.kind == "probabilities" and "values from 0" in found.evidence


@pytest.mark.parametrize("kind", ["probabilities", "logits", "regression"])
def test_one_linear_column_between_0_and_1_is_asked_about(model: Models, tmp_path: Path, kind: str) -> None:
    frame = numeric(1, 0.1, 0.9).assign(label=np.arange(60) % 2)
    with pytest.raises(AuditError, match=r"model\.output: probabilities, logits or regression"):
        detected(model("given"), frame, tmp_path)
    policy = content(model("given"), store(frame, tmp_path), spec={"output": kind})
    assert subject(policy).model_facts.output.kind == {"probabilities": "sigmoid"}.get(kind, kind)


@pytest.mark.parametrize(
    ("name", "low", "high", "operation"),
    [
        ("percent", -1, 1, "Mul"),
        ("log_probability", -1, 1, "Neg"),
        ("stretched", -1, 1, "Mul"),
        ("given", 1, 100, "Placeholder"),
        ("given", -3, -1, "Placeholder"),
        ("given3", 1, 100, "Placeholder"),
        ("given3", -3, -1, "Placeholder"),
    ],
)
def test_scores_outside_0_and_1_are_no_logits_for_that_alone(
    model: Models, tmp_path: Path, name: str, low: float, high: float, operation: str
) -> None:
    """Taken for logits, a score in percent would give every row the favourable outcome."""
    columns = {"given": 1, "given3": 3}.get(name, 2)
    frame = numeric(columns, low, high).assign(label=np.arange(60) % (3 if columns == 3 else 2))
    with pytest.raises(AuditError, match=r"model\.output: probabilities, logits or regression") as caught:
        detected(model(name), frame, tmp_path)
    assert f"computed by {operation}; values from " in caught.value.found
    assert caught.value.found.endswith(" in the first 60 rows")


@pytest.mark.parametrize(("name", "columns"), [("given", 1), ("given3", 3)])
def test_linear_columns_of_both_signs_are_logits(
    model: Models, tmp_path: Path, name: str, columns: int
) -> None:
    frame = numeric(columns, -3, 3).assign(label=np.arange(60) % max(2, columns))
    assert detected(model(name), frame, tmp_path).kind == "logits"


def test_log_probabilities_become_probabilities(model: Models, tmp_path: Path) -> None:
    """Softmax undoes the logarithm, so that the scores are those of the plain softmax."""
    found, expected = (
        classified(subject(content(model(name), store(numeric(2), tmp_path), favorable=2))).favorable
        for name in ("log_softmax", "softmax")
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_columns_that_sum_to_anything_are_asked_about(model: Models, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"rows that sum to 0\.\d+ to [12]\.\d+"):
        detected(model("given3"), numeric(3, 0.1), tmp_path)


@pytest.mark.parametrize(
    ("name", "columns", "declared", "found"),
    [
        ("softmax", 2, "logits", "an output computed by Softmax"),
        ("sigmoid", 2, "logits", "an output computed by Sigmoid"),
        ("given3", 3, "regression", "3 columns"),
        ("given3", 3, "probabilities", "values from -0"),
        ("given", 1, "probabilities", "values from -0"),
    ],
)
def test_contradictions_are_named(
    model: Models, tmp_path: Path, name: str, columns: int, declared: str, found: str
) -> None:
    classes = 2 if name in ("given", "sigmoid") else 3
    frame = numeric(columns).assign(label=np.arange(60) % classes)
    policy = content(model(name), store(frame, tmp_path), spec={"output": declared})
    policy["data"] |= {} if declared == "regression" else {"favorable": 1}
    with pytest.raises(ScoresRefused, match=found) as caught:
        subject(policy)
    assert caught.value.where == "model.output"


ROWS = 40_000


@pytest.mark.parametrize("row", [1, 17, ROWS])
@pytest.mark.parametrize("value", [1.5, -0.25, 1.0001])
def test_a_row_that_is_no_probability_is_named(model: Models, tmp_path: Path, row: int, value: float) -> None:
    """Detection sees the first batch only; every batch is held against it."""
    frame = pd.DataFrame({"score": [0.5] * ROWS, "label": [0, 1] * (ROWS // 2)})
    frame.loc[row - 1, "score"] = value
    low, high = min(0.5, value), max(0.5, value)
    with pytest.raises(AuditError) as caught:
        subject(content(model("given"), store(frame, tmp_path), spec={"output": "probabilities"}))
    assert caught.value.found == f"values from {low:.4g} to {high:.4g}: {value:.6g} in row {row:,}"
    assert caught.value.where == "model.output"


@pytest.mark.parametrize("row", [1, 17, ROWS])
@pytest.mark.parametrize("total", [0.9, 1.1, 0.0, 1.003])
def test_a_row_that_does_not_sum_to_one_is_named(
    model: Models, tmp_path: Path, row: int, total: float
) -> None:
    frame = pd.DataFrame({"a": [0.5] * ROWS, "b": 0.3, "c": 0.2, "label": np.arange(ROWS) % 3})
    frame.loc[row - 1, ["a", "b", "c"]] *= total
    spec = {"output": "probabilities"}
    with pytest.raises(AuditError, match="rows that sum to") as caught:
        subject(content(model("given3"), store(frame, tmp_path), spec=spec, favorable=1))
    assert caught.value.found.endswith(f": {total:.6g} in row {row:,}")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["probabilities", "logits", "regression"])
def test_a_row_without_a_finite_score_is_named(
    model: Models, tmp_path: Path, kind: str, value: float
) -> None:
    """The column is read as a number, of which 0 is the one without a score."""
    frame = pd.DataFrame({"x": np.ones(ROWS), "label": [0, 1] * (ROWS // 2)})
    frame.loc[ROWS - 3, "x"] = 0.0
    bad = tf.constant(value, tf.float32)
    score = tmp_path / "model"
    save(score, lambda x: tf.where(x == 0, bad, tf.sigmoid(x)), x=([None, 1], tf.float32))
    with pytest.raises(AuditError, match=f"NaN or infinity in 1 rows, first in row {ROWS - 2:,}"):
        subject(content(score, store(frame, tmp_path), spec={"output": kind}))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32], ids=lambda d: d.name)
@pytest.mark.parametrize("classes", [3, 10, 500])
def test_rounded_probabilities_sum_to_one_well_enough(dtype: Any, classes: int) -> None:
    logits = tf.random.stateless_normal([20_000 // classes, classes], [1, classes], dtype=tf.float32)
    raw = tf.nn.softmax(tf.cast(logits, dtype)).numpy()
    head = Head("probabilities", classes, "")
    np.testing.assert_array_equal(head.probabilities(raw), raw.astype(np.float64))
    np.testing.assert_array_equal(head.probabilities(raw.astype(np.float32)), raw.astype(np.float64))


def test_a_softmax_that_rounds_every_step_to_bfloat16_is_one_too() -> None:
    """As TensorFlow computes it without oneDNN; by numpy, so that any processor shows it."""
    bfloat16 = tf.bfloat16.as_numpy_dtype
    exponentials = np.exp(np.random.default_rng(3).normal(size=(20_000, 3)) * 3).astype(bfloat16)
    total = exponentials[:, :1] + exponentials[:, 1:2] + exponentials[:, 2:]
    raw = exponentials * (np.ones_like(total) / total)
    assert raw.dtype == bfloat16 and np.abs(raw.astype(np.float64).sum(1) - 1).max() > 2.0**-7
    head = Head("probabilities", 3, "")
    np.testing.assert_array_equal(head.probabilities(raw), raw.astype(np.float64))
    with pytest.raises(AuditError, match="rows that sum to"):
        head.probabilities(raw * bfloat16(0.95))


@pytest.mark.parametrize(
    ("name", "classes", "found"),
    [
        ("sigmoid", ["no", "yes"], "without 0, 1"),
        ("softmax", [0, 1], "2: 0, 1"),
        ("sigmoid", [0, 1, 2], "3: 0, 1, 2"),
    ],
)
def test_classes_must_be_the_labels(
    model: Models, tmp_path: Path, name: str, classes: list[object], found: str
) -> None:
    frame = numeric(2).assign(label=np.arange(60) % 2)
    with pytest.raises(AuditError, match=found):
        detected(model(name), frame, tmp_path, classes=classes)


def test_one_column_scores_the_second_class(model: Models, tmp_path: Path) -> None:
    """Classes listed the other way round turn the score around."""
    frame = numeric(2).assign(label=np.arange(60) % 2)
    policy = content(model("sigmoid"), store(frame, tmp_path))
    straight = classified(subject(policy))
    policy["model"]["classes"] = [1, 0]
    np.testing.assert_allclose(classified(subject(policy)).favorable, 1 - straight.favorable, atol=1e-12)
