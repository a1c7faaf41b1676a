"""The macro AUC of several classes: scikit-learn's value, and the jackknife's standard error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import audit
from audit.checks.performance.macro_auc import macro_auc

from ...audits import content, one, store
from ...conftest import Models

CLASSES = ["bad", "fair", "good"]


def drawn(rows: int, seed: int = 4, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    code = random.choice(classes, rows, p=[0.6, 0.3, 0.1])
    odds = random.normal(0, 1, (rows, classes)).round(1)
    odds[np.arange(rows), code] += 0.8
    scores = np.exp(odds)
    return code, scores / scores.sum(1, keepdims=True)


@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_influence(weighted: bool) -> None:
    code, scores = drawn(300)
    weights = np.random.default_rng(1).uniform(0.2, 3.0, 300) if weighted else np.ones(300)
    found = macro_auc(code, scores, weights)

    def mean(w: np.ndarray) -> float:
        return float(np.mean([roc_auc_score(code == k, scores[:, k], sample_weight=w) for k in range(3)]))

    assert found.value == pytest.approx(mean(weights), abs=1e-12)
    assert (weights * found.influence).sum() == pytest.approx(0.0, abs=1e-9)
    for row in range(5):
        moved = weights + 1e-6 * (np.arange(300) == row)
        slope = (mean(moved) - mean(weights)) / 1e-6 * weights.sum()
        assert found.influence[row] == pytest.approx(slope, rel=1e-3, abs=1e-4)


def test_two_classes_are_the_usual_auc() -> None:
    code = np.arange(100) % 2
    score = np.random.default_rng(0).random(100).round(2)
    found = macro_auc(code, np.column_stack([1 - score, score]), np.ones(100))
    assert found.value == pytest.approx(roc_auc_score(code, score))


@pytest.mark.parametrize("weight", [None, "w"])
def test_in_an_audit(weight: str | None, model: Models, tmp_path: Path) -> None:
    code, scores = drawn(800)
    frame = pd.DataFrame(scores, columns=["p0", "p1", "p2"]).assign(
        label=np.array(CLASSES)[code], w=np.random.default_rng(1).uniform(0.5, 2.0, 800),
        sex=np.where(np.arange(800) % 3, "Male", "Female"),
    )  # fmt: skip
    spec = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}
    report = audit.run(
        content(model("given3"), store(frame, tmp_path), spec=spec, favorable="good", weight=weight,
                protected={"sex": {"privileged": "Male"}})
    )  # fmt: skip
    weights = frame["w"] if weight else None
    for where in ({}, {"attribute": "sex", "group": "Female"}):
        rows = (frame["sex"] == "Female") | (not where)
        found = one(report, "performance.macro_auc", **where)
        value = roc_auc_score(
            code[rows],
            scores[rows],
            multi_class="ovr",
            sample_weight=None if weights is None else weights[rows],
        )
        if weights is None:
            assert found.value == pytest.approx(value, abs=1e-9)
        assert found.n == rows.sum() and found.ci is not None and found.ci[0] < found.value < found.ci[1]
    assert one(report, "performance.macro_auc").smallest_n == (code == 2).sum()


def test_it_is_a_default_rule_of_several_classes(model: Models, tmp_path: Path) -> None:
    code, scores = drawn(800)
    frame = pd.DataFrame(scores, columns=["p0", "p1", "p2"])
    spec = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}
    for labels, status in ((code, "pass"), (np.random.default_rng(0).permutation(code), "fail")):
        table = frame.assign(label=np.array(CLASSES)[labels])
        policy = content(model("given3"), store(table, tmp_path), spec=spec, favorable="good")
        del policy["gate"]
        report = audit.run(policy)
        assert (report.rules[0].id, report.rules[0].limit) == ("performance.macro_auc", {"at_least": 0.6})
        assert report.rules[0].status == status and report.policy.default_rules
        assert audit.decide(report).rules[0].status == status
