"""`model.output: {name, column}`: one column of an output of several, such as quantiles or two labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.metrics import mean_absolute_error, r2_score, roc_auc_score

import audit
from audit.check import policy_from
from audit.errors import AuditError
from audit.result import Report

from ..audits import classified, content, store, subject
from ..models import save

QUANTILES = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 1.5]], np.float32)
LABELS = np.array([[1.5, -0.4], [-1.0, 2.0]], np.float32)


def quantiles(path: Path) -> None:
    """Three columns of one output: the 10 %, 50 % and 90 % quantile."""
    save(path, lambda x: tf.matmul(x, QUANTILES) + tf.constant([-1.0, 0.0, 1.0]), x=([None, 2], tf.float32))


def two_labels(path: Path) -> None:
    """Two sigmoids in one output."""
    save(path, lambda x: tf.sigmoid(tf.matmul(x, LABELS)), x=([None, 2], tf.float32))


def rows(count: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(2)
    return pd.DataFrame(random.normal(size=(count, 2)).astype("float32"), columns=["a", "b"])


def measured(policy: dict[str, Any]) -> Report:
    return audit.run(policy_from(policy))


def value(report: Report, metric: str) -> float:
    (found,) = (m for c in report.checks for m in c.measurements if m.metric == metric and not m.where)
    return found.value


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_quantile_is_a_regression(tmp_path: Path, column: int) -> None:
    quantiles(tmp_path / "model")
    frame = rows()
    predicted = frame.to_numpy() @ QUANTILES + [-1, 0, 1]
    target = predicted[:, 1] + np.random.default_rng(3).normal(size=len(frame))
    output = {"name": "score", "column": column, "kind": "regression"}
    data = store(frame.assign(label=target), tmp_path)
    report = measured(content(tmp_path / "model", data, spec={"output": output}))
    assert value(report, "performance.mae") == pytest.approx(
        mean_absolute_error(target, predicted[:, column]), rel=1e-6
    )
    assert value(report, "performance.r2") == pytest.approx(r2_score(target, predicted[:, column]), rel=1e-5)
    assert report.policy.effective["model"]["output"] == output  # type: ignore[index]
    assert f"column {column} of the output" in str(report.model.output.evidence)


@pytest.mark.parametrize("column", [0, 1])
def test_one_of_two_labels(tmp_path: Path, column: int) -> None:
    two_labels(tmp_path / "model")
    frame = rows()
    chance = 1 / (1 + np.exp(-frame.to_numpy() @ LABELS))
    label = (np.random.default_rng(5).random(len(frame)) < chance[:, column]).astype(int)
    data = store(frame.assign(label=label), tmp_path)
    policy = content(tmp_path / "model", data, spec={"output": {"name": "score", "column": column}})
    report = measured(policy)
    assert value(report, "performance.auc") == pytest.approx(
        roc_auc_score(label, chance[:, column]), abs=1e-6
    )
    found = subject(policy)
    assert found.decision_rule.head.kind == "sigmoid"
    np.testing.assert_allclose(classified(found).favorable, chance[:, column], atol=1e-6)
    cut = found.logits(tf.constant(found.features.data.matrix)).numpy()
    expected = (frame.to_numpy() @ LABELS)[found.features.data.index, column]
    np.testing.assert_allclose(cut[:, 1] - cut[:, 0], expected, atol=1e-3)


def test_without_a_column_the_error_asks_for_one(tmp_path: Path) -> None:
    two_labels(tmp_path / "model")
    data = store(rows().assign(label=np.arange(300) % 2), tmp_path)
    with pytest.raises(AuditError) as caught:
        subject(content(tmp_path / "model", data))
    assert "model.output: {name: OUTPUT, column: NUMBER}" in str(caught.value.fix)
    assert list(map(str, caught.value.settings)) == ["model.output: {name: OUTPUT, column: NUMBER}"]


@pytest.mark.parametrize("column", [2, 17])
def test_a_column_that_is_not_there(tmp_path: Path, column: int) -> None:
    two_labels(tmp_path / "model")
    data = store(rows().assign(label=np.arange(300) % 2), tmp_path)
    with pytest.raises(AuditError) as caught:
        subject(content(tmp_path / "model", data, spec={"output": {"name": "score", "column": column}}))
    assert "[None, 2]" in caught.value.found
    assert list(map(str, caught.value.settings)) == ["model.output: {name: OUTPUT, column: NUMBER}"]


def test_the_key_is_not_in_policies_without_it() -> None:
    policy = policy_from(content(Path("m"), "d", spec={"output": {"name": "score"}}))
    assert "column" not in policy.effective()["model"]["output"]  # type: ignore[index]
