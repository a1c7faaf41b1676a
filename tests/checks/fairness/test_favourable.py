"""Several classes (favourable against the rest) and regressions, by AIF360 and scikit-learn on the derived outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn import metrics as sk

from audit.checks.fairness.metrics import COMPARISONS
from audit.result import Report

from ...audits import one, run
from ...models import save
from .. import oracle

CLASSES = ["reject", "approve", "refer", "decline"]
"""In the order of the outputs, which is not the sorted one."""
FAVORABLE = ["approve", "refer"]
PROTECTED = {"sex": {"privileged": "Male"}, "region": {"privileged": ["North", "West"]}}
PAIRS = [
    ("sex", "Female", "Male"),
    ("region", "East", "North|West"),
    ("region", "South", "North|West"),
]
FEATURES = ["income", "debt", "age"]
WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])


def applicants(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)).astype(np.float32), columns=FEATURES)
    frame["sex"] = rng.choice(["Female", "Male"], rows, p=[0.45, 0.55])
    frame["region"] = rng.choice(["East", "North", "South", "West"], rows)
    frame["w"] = rng.gamma(1.0, 2.0, rows)
    frame["income"] += np.where(frame["sex"] == "Male", np.float32(0.4), np.float32(0.0))
    return frame


def agree(found: Report, frame: pd.DataFrame, label: Any, chosen: Any, weighted: bool) -> None:
    """Compare every metric of every pair of groups with AIF360's, called by hand."""
    for attribute, unprivileged, privileged in PAIRS:
        expected = oracle.metric(
            frame[attribute], label, chosen, unprivileged, privileged, frame["w"] if weighted else None
        )
        for name in COMPARISONS:
            measured = one(
                found,
                f"fairness.{name}",
                attribute=attribute,
                unprivileged=unprivileged,
                privileged=privileged,
            )
            np.testing.assert_allclose(
                measured.value, oracle.value(expected, name), rtol=0, atol=1e-12, err_msg=name
            )
    if not weighted:  # AIF360's index takes no weights
        theil = oracle.value(expected, "theil_index")
        assert one(found, "fairness.theil_index").value == pytest.approx(theil, abs=1e-12)


def slices(frame: pd.DataFrame) -> dict[tuple[tuple[str, str], ...], np.ndarray]:
    """Return the rows of the whole table and of every group."""
    found: dict[tuple[tuple[str, str], ...], np.ndarray] = {(): np.ones(len(frame), bool)}
    for attribute in ("sex", "region"):
        for group in frame[attribute].unique():
            found[("attribute", attribute), ("group", group)] = (frame[attribute] == group).to_numpy()
    return found


LOGITS = np.array([[-1.0, 1.2, 0.1, -0.4], [0.8, -0.9, 0.3, 0.5], [0.1, 0.2, -0.3, 0.4]], np.float32)


@WEIGHTED
def test_two_favourable_classes_of_four(tmp_path: Path, weighted: bool) -> None:
    frame = applicants(700, 1)
    raw = frame[FEATURES].to_numpy() @ LOGITS
    scores = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    rng = np.random.default_rng(2)
    frame["label"] = [CLASSES[rng.choice(4, p=row / row.sum())] for row in scores.astype(float)]
    x = ([None, 3], tf.float32)
    save(tmp_path / "model", lambda x: tf.nn.softmax(tf.matmul(x, tf.constant(LOGITS))), x=x)
    given: dict[str, Any] = {"weight": "w"} if weighted else {}
    given |= {"spec": {"inputs": {"x": FEATURES}, "classes": CLASSES}, "favorable": FAVORABLE}
    found = run(frame, tmp_path / "model", tmp_path, protected=PROTECTED, **given)
    assert found.data.favorable == FAVORABLE and found.model.output.classes == CLASSES

    guess = np.array(CLASSES)[scores.argmax(1)]
    label, chosen = frame["label"].isin(FAVORABLE).to_numpy(), np.isin(guess, FAVORABLE)
    assert 0.2 < chosen.mean() < 0.8
    agree(found, frame, label, chosen, weighted)
    share = scores[:, [CLASSES.index(name) for name in FAVORABLE]].sum(1)
    w = frame["w"].to_numpy() if weighted else np.ones(len(frame))
    for where, rows in slices(frame).items():
        options = {"sample_weight": w[rows]}
        expected = {
            "accuracy": sk.accuracy_score(frame["label"][rows], guess[rows], **options),
            "auc": sk.roc_auc_score(label[rows], share[rows], **options),
            "selection_rate": np.average(chosen[rows], weights=w[rows]),
            "true_positive_rate": sk.recall_score(label[rows], chosen[rows], **options),
            "false_positive_rate": 1 - sk.recall_score(~label[rows], ~chosen[rows], **options),
        }
        for name, value in expected.items():
            measured = one(found, f"performance.{name}", **dict(where)).value
            np.testing.assert_allclose(measured, value, rtol=1e-5 if name == "auc" else 1e-12, err_msg=name)


def test_the_largest_class_decides_and_not_the_favourable_ones_together(tmp_path: Path) -> None:
    """Two favourable classes of 0.3 each lose against one of 0.4, as the row's prediction does."""
    x = ([None, 1], tf.float32)
    rows = tf.constant([[0.4, 0.3, 0.3, 0.0], [0.2, 0.4, 0.2, 0.2]])
    save(tmp_path / "model", lambda x: tf.gather(rows, tf.cast(x[:, 0], tf.int32)), x=x)
    frame = pd.DataFrame(
        {"x": [0.0] * 30 + [1.0] * 10, "label": CLASSES * 10, "sex": ["Female", "Male"] * 20}
    )
    spec = {"classes": CLASSES, "output": "probabilities"}
    found = run(frame, tmp_path / "model", tmp_path, spec=spec, favorable=FAVORABLE)
    assert one(found, "performance.selection_rate").value == 0.25


@WEIGHTED
@pytest.mark.parametrize("limit", [100.0, 117.5])
def test_a_regression_with_a_favourable_limit(tmp_path: Path, weighted: bool, limit: float) -> None:
    frame = applicants(600, 3)
    slope = np.array([[12.0], [-7.0], [3.0]], np.float32)
    prediction = (frame[FEATURES].to_numpy() @ slope)[:, 0] + np.float32(105)
    frame["label"] = (prediction + np.random.default_rng(4).normal(0, 8, len(frame))).round(1)
    x = ([None, 3], tf.float32)
    save(tmp_path / "model", lambda x: tf.matmul(x, tf.constant(slope)) + 105.0, x=x)
    given: dict[str, Any] = {"weight": "w"} if weighted else {}
    given |= {
        "spec": {"inputs": {"x": FEATURES}, "output": "regression"},
        "favorable": {"at_least": limit},
    }
    found = run(frame, tmp_path / "model", tmp_path, protected=PROTECTED, **given)
    label, chosen = (frame["label"] >= limit).to_numpy(), prediction >= limit
    assert 0.1 < chosen.mean() < 0.9
    agree(found, frame, label, chosen, weighted)
    w = frame["w"].to_numpy() if weighted else np.ones(len(frame))
    for where, rows in slices(frame).items():
        measured = one(found, "performance.true_positive_rate", **dict(where)).value
        expected = sk.recall_score(label[rows], chosen[rows], sample_weight=w[rows])
        np.testing.assert_allclose(measured, expected, rtol=1e-12)


def test_a_regression_without_a_limit_has_no_outcomes_to_compare(tmp_path: Path) -> None:
    frame = applicants(60, 5)
    frame["label"] = frame["income"] * 3
    x = ([None, 3], tf.float32)
    save(tmp_path / "model", lambda x: x[:, :1] * 2, x=x)
    found = run(
        frame, tmp_path / "model", tmp_path, protected=PROTECTED,
        spec={"inputs": {"x": FEATURES}, "output": "regression"},
    )  # fmt: skip
    (fairness,) = (check for check in found.checks if check.name == "fairness")
    assert {m.metric for m in fairness.measurements} == {"fairness.mean_prediction_difference"}
    assert found.data.favorable_from is None
