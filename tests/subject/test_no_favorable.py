"""Several classes of which the policy calls none favourable: measured by what needs no favourable one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score

import audit
from audit.errors import AuditError

from ..audits import content, measurements, one, store
from ..models import save

CLASSES = ["bad", "fair", "good"]
SPEC: dict[str, object] = {"inputs": {"x": ["p0", "p1", "p2"]}}
WEIGHTS = np.random.default_rng(5).normal(size=(3, 3)).astype(np.float32)


def table(rows: int = 600) -> pd.DataFrame:
    random = np.random.default_rng(4)
    x = random.normal(size=(rows, 3)).astype(np.float32)
    odds = x @ WEIGHTS + random.gumbel(size=(rows, 3)) / 2
    return pd.DataFrame(x, columns=["p0", "p1", "p2"]).assign(label=np.array(CLASSES)[odds.argmax(1)])


@pytest.fixture(scope="module")
def softmax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tensorflow as tf

    path = tmp_path_factory.mktemp("model") / "softmax"
    save(path, lambda x: tf.nn.softmax(x @ WEIGHTS), x=([None, 3], tf.float32))
    return path


def policy(softmax: Path, frame: pd.DataFrame, folder: Path, **given: Any) -> dict[str, Any]:
    made = content(softmax, store(frame, folder), spec=SPEC, **given)
    del made["checks"], made["gate"]
    return made


def test_an_audit_without_it(softmax: Path, tmp_path: Path) -> None:
    frame = table()
    report = audit.run(policy(softmax, frame, tmp_path))
    odds = frame[["p0", "p1", "p2"]].to_numpy() @ WEIGHTS
    scores = np.exp(odds.astype(np.float64))
    scores /= scores.sum(1, keepdims=True)
    guess = np.array(CLASSES)[scores.argmax(1)]
    for name, value in {
        "accuracy": accuracy_score(frame["label"], guess),
        "balanced_accuracy": balanced_accuracy_score(frame["label"], guess),
        "log_loss": log_loss(frame["label"], scores),
        "macro_auc": roc_auc_score(frame["label"], scores, multi_class="ovr"),
    }.items():
        assert one(report, f"performance.{name}").value == pytest.approx(value, abs=1e-5)
    assert [rule.id for rule in report.rules] == [
        "performance.macro_auc",
        "robustness.adversarial_accuracy[attack=worst,eps=0.1]",
    ]
    assert report.verdict == "pass" and report.data.favorable == [] and report.data.favorable_from is None
    absent = {"auc", "selection_rate", "true_positive_rate", "false_positive_rate", "calibration_error"}
    assert absent.isdisjoint(metric.partition(".")[2] for metric, _ in measurements(report))
    assert not any("favourable" in warning for warning in report.warnings)
    (skipped,) = (check for check in report.checks if check.status == "skipped")
    assert (skipped.name, skipped.reason) == (
        "fairness",
        "no protected attribute is listed under data.protected",
    )


def test_decisions_under_attack_are_those_with_it(softmax: Path, tmp_path: Path) -> None:
    """A favourable class changes what is explained, and not which rows flip."""
    frame = table(200)
    reports = [
        audit.run(policy(softmax, frame, tmp_path, **given), only=["robustness"])
        for given in ({}, {"favorable": "fair"})
    ]
    without, named = ({key: (m.value, m.n) for key, m in measurements(report).items()} for report in reports)
    assert without == named and len(without) > 10


def test_what_the_policy_names_is_followed(softmax: Path, tmp_path: Path) -> None:
    rule = {"metric": "performance.auc", "at_least": 0.6}
    report = audit.run(
        policy(softmax, table(200), tmp_path) | {"gate": {"rules": [rule]}}, only=["performance"]
    )
    assert report.verdict == "inconclusive" and "covers no measurement" in report.rules[0].reason


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"protected": {"sex": {"privileged": "Male"}}}, "data.protected"),
        ({"label": "code"}, "a class or a number"),
    ],
)
def test_what_needs_it_asks_for_it(
    given: dict[str, Any], message: str, softmax: Path, tmp_path: Path
) -> None:
    frame = table(200).assign(sex=["Male", "Female"] * 100, code=np.arange(200) % 40)
    with pytest.raises(AuditError, match=message):
        audit.run(policy(softmax, frame, tmp_path, **given))
