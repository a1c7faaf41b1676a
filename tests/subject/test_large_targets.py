"""Labels and predictions of a regression that are as large as can be measured, and larger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

import audit
from audit.check import policy_from
from audit.errors import AuditError

from ..audits import content, store
from ..models import save

METRICS = {
    "performance.mae": mean_absolute_error,
    "performance.rmse": root_mean_squared_error,
    "performance.r2": r2_score,
}


def policy(tmp_path: Path, scale: float, label: np.ndarray) -> dict[str, object]:
    """Return the audit of a model that multiplies ``x`` by ``scale``."""
    save(
        tmp_path / "model",
        lambda x: tf.cast(x, tf.float64) * tf.constant(scale, tf.float64),
        x=([None, 1], tf.float32),
    )
    data = store(pd.DataFrame({"x": feature(), "label": label}), tmp_path, "t.parquet")
    return content(tmp_path / "model", data, spec={"output": "regression"})


def feature() -> np.ndarray:
    return np.random.default_rng(1).normal(size=300).astype(np.float32)


@pytest.mark.parametrize("scale", [1e-45, 1.0, 1e30, 1e49])
def test_the_figures_are_those_of_scikit_learn(tmp_path: Path, scale: float) -> None:
    predicted = feature().astype(float) * scale
    label = predicted + np.random.default_rng(2).normal(size=300) * scale
    report = audit.run(policy_from(policy(tmp_path, scale, label)))
    measured = {m.metric: m for check in report.checks for m in check.measurements if not m.where}
    for metric, oracle in METRICS.items():
        value = oracle(label / scale, predicted / scale) * (1 if metric.endswith("r2") else scale)
        assert measured[metric].value == pytest.approx(value, rel=1e-6)


def test_a_larger_label_is_refused(tmp_path: Path) -> None:
    label = feature().astype(float)
    label[7] = 1e308
    with pytest.raises(AuditError, match=r"t\.parquet: row 8: data\.label") as caught:
        audit.run(policy_from(policy(tmp_path, 1.0, label)))
    assert "e+308" not in str(caught.value)


def test_a_larger_prediction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"found:    a larger one in row 1"):
        audit.run(policy_from(policy(tmp_path, 1e200, feature().astype(float))))
