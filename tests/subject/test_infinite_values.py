"""One infinite value is reported by column and row, and the other rows decide what is known of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import audit
from audit.result import Report

from ..audits import content, one, store
from ..models import save

WEIGHTS = np.array([1.5, -0.8, 0.3], np.float32)
EVERY_ROW = {"rows": 1500, "references": 1500}


def rows(count: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(rng.normal(size=(count, 3)).astype(np.float32).astype(float), columns=list("abc"))
    label = rng.random(count) < 1 / (1 + np.exp(-(frame.to_numpy() @ WEIGHTS)))
    return frame.assign(label=label.astype(int), sex=rng.choice(["Female", "Male"], count))


def linear(folder: Path, dtype: str = "float32") -> Path:
    weights = tf.constant(WEIGHTS[:, None], dtype)
    save(folder / "m", lambda x: tf.sigmoid(tf.matmul(x, weights)), x=([None, 3], dtype))
    return folder / "m"


def audited(model: Path, frame: pd.DataFrame, folder: Path, name: str = "t.csv", **given: Any) -> Report:
    policy = content(model, store(frame, folder, name), protected={"sex": {"privileged": "Male"}}, **given)
    policy["checks"] = {
        "explainability": EVERY_ROW,
        "robustness": {"rows": 200, "attacks": ["noise", "fgsm"]},
    }
    policy["model"]["inputs"] = {"x": ["a", "b", "c"]}
    return audit.run(policy)


def notes(report: Report, check: str) -> str:
    return " ".join(next(result for result in report.checks if result.name == check).notes)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39, -3e300])
@pytest.mark.parametrize("bad", [1, 40])
def test_the_other_rows_decide(tmp_path: Path, value: float, bad: int) -> None:
    """SHAP values of a linear model are w (x - mean of the references): those of the finite rows."""
    frame = rows()
    at = np.arange(7, 7 + 30 * bad, 30)
    spoilt = frame.copy()
    spoilt.loc[at, "b"] = value
    report = audited(linear(tmp_path), spoilt, tmp_path)
    (warning,) = [text for text in report.warnings if "not finite" in text]
    assert f"'b' in {bad} row{'s' * (bad > 1)} (infinite" in warning and "first in row 8" in warning
    assert ("as float32" in warning) == np.isfinite(value)
    finite = frame.drop(index=at.tolist())
    for name, weight in zip("abc", WEIGHTS, strict=True):
        expected = np.abs(weight * (finite[name] - finite[name].mean())).mean()
        found = one(report, "explainability.mean_abs_attribution", feature=name)
        assert found.value == pytest.approx(expected, rel=1e-4) and found.n == len(finite)
    assert "the input of Sigmoid" in notes(report, "explainability")
    assert "no sigmoid or softmax" not in notes(report, "explainability") + notes(report, "robustness")
    spoilt_rows = np.sign(value) * WEIGHTS[1] * np.ones(bad) > 0
    logit = frame[["a", "b", "c"]].to_numpy() @ WEIGHTS
    predicted = logit >= 0
    predicted[at] = spoilt_rows
    assert one(report, "performance.accuracy").value == pytest.approx((predicted == frame["label"]).mean())
    assert one(report, "performance.accuracy").n == len(frame)  # the model scores them


def test_noise_and_attacks_leave_them_out(tmp_path: Path) -> None:
    frame = rows(150)
    frame.loc[[3, 4], "a"] = np.inf
    report = audited(linear(tmp_path), frame, tmp_path)
    clean = one(report, "robustness.clean_accuracy")
    finite = frame.drop(index=[3, 4])
    right = (finite[["a", "b", "c"]].to_numpy() @ WEIGHTS >= 0) == finite["label"]
    assert clean.n == 148 and clean.value == pytest.approx(right.mean())
    assert "148 of 150 rows were attacked" in notes(report, "robustness")
    assert "left out: 2" in notes(report, "robustness")


def test_a_background_row_with_an_infinity_is_no_reference(tmp_path: Path) -> None:
    frame = rows(300)
    background = rows(100)
    background.loc[5, "c"] = -np.inf
    store(background, tmp_path, "background.csv")
    report = audited(linear(tmp_path), frame, tmp_path, background=str(tmp_path / "background.csv"))
    finite = background.drop(index=5)
    for name, weight in zip("abc", WEIGHTS, strict=True):
        expected = np.abs(weight * (frame[name] - finite[name].mean())).mean()
        found = one(report, "explainability.mean_abs_attribution", feature=name)
        assert found.value == pytest.approx(expected, rel=1e-4)
    assert "cannot be reference rows: 1." in notes(report, "explainability")


def test_a_column_that_is_infinite_in_every_row_is_no_absence(tmp_path: Path) -> None:
    """Nothing can be compared, which is said; that there is a sigmoid is not denied."""
    frame = rows(100).assign(c=np.inf)
    report = audited(linear(tmp_path), frame, tmp_path)
    said = notes(report, "explainability") + str(report.checks[-3].reason) + notes(report, "robustness")
    assert "no sigmoid or softmax" not in said
    assert any("'c' in 100 rows (infinite), first in row 1" in text for text in report.warnings)


def test_a_float16_input_overflows_sooner(tmp_path: Path) -> None:
    frame = rows(100)
    frame.loc[0, "a"] = 7e4
    report = audited(linear(tmp_path, "float16"), frame, tmp_path)
    assert any("'a' in 1 row (infinite as float16" in text for text in report.warnings)
    assert one(report, "explainability.mean_abs_attribution", feature="a").n == 99
