"""Performance against scikit-learn, whole and in slices, weighted and not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from ...audits import GIVEN, one, people, run
from ...conftest import Models


def slices(frame: pd.DataFrame) -> dict[tuple[str, ...], np.ndarray]:
    """Return the rows of the whole table and of every group of sex and race."""
    found: dict[tuple[str, ...], np.ndarray] = {(): np.ones(len(frame), bool)}
    for attribute in ("sex", "race"):
        found |= {(attribute, g): (frame[attribute] == g).to_numpy() for g in frame[attribute].unique()}
    return found


def agree(report: Any, name: str, where: tuple[str, ...], expected: float, rtol: float = 1e-12) -> None:
    value = one(report, f"performance.{name}", **dict(zip(("attribute", "group"), where, strict=False))).value
    np.testing.assert_allclose(value, expected, rtol=rtol, err_msg=f"{name} {where}")


PROTECTED = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}
WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])


def weights(frame: pd.DataFrame, weighted: bool) -> np.ndarray:
    return np.random.default_rng(6).gamma(2.0, size=len(frame)) if weighted else np.ones(len(frame))


@WEIGHTED
def test_binary(model: Models, tmp_path: Path, weighted: bool) -> None:
    frame = people(800)
    w = weights(frame, weighted)
    given = {"weight": "w"} if weighted else {}
    found = run(frame.assign(w=w), model("given"), tmp_path, protected=PROTECTED, threshold=0.45, **given)
    y, p = frame["label"].to_numpy(), frame["score"].to_numpy()
    for where, rows in slices(frame).items():
        chosen, options = (p >= 0.45)[rows], {"sample_weight": w[rows]}
        agree(found, "accuracy", where, sk.accuracy_score(y[rows], chosen, **options))
        agree(found, "balanced_accuracy", where, sk.balanced_accuracy_score(y[rows], chosen, **options))
        agree(found, "auc", where, sk.roc_auc_score(y[rows], p[rows], **options))
        agree(found, "log_loss", where, sk.log_loss(y[rows], p[rows], **options))
        agree(found, "brier", where, sk.brier_score_loss(y[rows], p[rows], **options))
        agree(found, "true_positive_rate", where, sk.recall_score(y[rows], chosen, **options))
        agree(found, "false_positive_rate", where, 1 - sk.recall_score(1 - y[rows], ~chosen, **options))
        agree(found, "selection_rate", where, np.average(chosen, weights=w[rows]))


@WEIGHTED
def test_calibration_error_by_pandas(model: Models, tmp_path: Path, weighted: bool) -> None:
    frame = people(800)
    w = weights(frame, weighted)
    given = {"weight": "w"} if weighted else {}
    found = run(frame.assign(w=w), model("given"), tmp_path, protected=PROTECTED, **given)
    edges = pd.cut(frame["score"], (np.arange(11) / 10).tolist(), right=False)
    for where, rows in slices(frame).items():
        part = pd.DataFrame({"w": w, "gap": w * (frame["label"] - frame["score"])})[rows]
        gaps = part.groupby(edges[rows], observed=True)["gap"].sum().abs()
        agree(found, "calibration_error", where, gaps.sum() / w[rows].sum(), rtol=1e-9)


@WEIGHTED
def test_regression(model: Models, tmp_path: Path, weighted: bool) -> None:
    frame = people(500)
    frame["label"] = 100 * frame["score"] + np.random.default_rng(7).normal(size=500)
    frame["score"] = 95 * frame["score"] + 3
    w = weights(frame, weighted)
    given: dict[str, Any] = {"weight": "w"} if weighted else {}
    given |= {"favorable": {"at_least": 50}, "spec": {**GIVEN, "output": "regression"}}
    found = run(frame.assign(w=w), model("given"), tmp_path, protected=PROTECTED, **given)
    y, p = frame["label"].to_numpy(), frame["score"].to_numpy()
    for where, rows in slices(frame).items():
        options = {"sample_weight": w[rows]}
        agree(found, "mae", where, sk.mean_absolute_error(y[rows], p[rows], **options))
        agree(found, "rmse", where, sk.root_mean_squared_error(y[rows], p[rows], **options))
        agree(found, "r2", where, sk.r2_score(y[rows], p[rows], **options), rtol=1e-11)
        agree(found, "selection_rate", where, np.average(p[rows] >= 50, weights=w[rows]))
        agree(found, "true_positive_rate", where, sk.recall_score(y[rows] >= 50, p[rows] >= 50, **options))


@WEIGHTED
def test_several_classes(model: Models, tmp_path: Path, weighted: bool) -> None:
    frame, random = people(600), np.random.default_rng(8)
    scores = random.dirichlet([1, 1, 1], 600)
    frame[["p0", "p1", "p2"]] = scores
    frame["label"] = np.array(["x", "y", "z"])[[random.choice(3, p=row) for row in scores]]
    w = weights(frame, weighted)
    given: dict[str, Any] = {"weight": "w"} if weighted else {}
    spec = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}
    found = run(
        frame.assign(w=w),
        model("given3"),
        tmp_path,
        protected=PROTECTED,
        spec=spec,
        favorable=["x", "z"],
        **given,
    )
    y, guess = frame["label"].to_numpy(), np.array(["x", "y", "z"])[scores.argmax(1)]
    for where, rows in slices(frame).items():
        options = {"sample_weight": w[rows]}
        agree(found, "accuracy", where, sk.accuracy_score(y[rows], guess[rows], **options))
        agree(found, "balanced_accuracy", where, sk.balanced_accuracy_score(y[rows], guess[rows], **options))
        agree(found, "log_loss", where, sk.log_loss(y[rows], scores[rows], **options))
        truth = np.stack([y == name for name in "xyz"], 1)
        agree(found, "brier", where, np.average(((scores - truth) ** 2).sum(1)[rows], weights=w[rows]))
        rest = (y != "y")[rows]
        agree(found, "auc", where, sk.roc_auc_score(rest, scores[rows][:, [0, 2]].sum(1), **options))
        agree(found, "true_positive_rate", where, sk.recall_score(rest, (guess != "y")[rows], **options))


def test_the_threshold_is_reached_by_equality(model: Models, tmp_path: Path) -> None:
    frame = pd.DataFrame({"score": [0.25, 0.2500001, 0.2499999, 0.9], "label": [1, 1, 0, 0]})
    found = run(frame, model("given"), tmp_path, threshold=0.25)
    assert one(found, "performance.selection_rate").value == 0.75


def test_the_lesser_label_can_be_the_favourable_one(model: Models, tmp_path: Path) -> None:
    """Turning favourable around turns P(favourable), selection and AUC's classes around together."""
    frame = people(300)
    one_way = run(frame, model("given"), tmp_path, threshold=0.5)
    other = run(frame, model("given"), tmp_path, threshold=0.5, favorable=0)
    assert one(one_way, "performance.auc").value == pytest.approx(
        one(other, "performance.auc").value, abs=1e-12
    )
    chosen = (1 - frame["score"] >= 0.5).mean()
    assert one(other, "performance.selection_rate").value == pytest.approx(chosen, abs=1e-15)
