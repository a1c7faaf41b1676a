"""A baseline is loaded as the candidate is, as far as the policy's words fit it, and its faults are said to be its."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.errors import AuditError
from audit.result import CheckResult

from ..comparison.kit import against, noisy, old_model, one, policy_of, run
from ..conftest import Models
from ..models import save


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loading")


def improvements(checks: list[CheckResult]) -> set[tuple[float, tuple[float, float] | None]]:
    return {
        (m.baseline.improvement, m.baseline.improvement_ci)
        for c in checks
        for m in c.measurements
        if m.baseline
    }


def test_the_same_bytes_are_exactly_as_good(model: Models, folder: Path) -> None:
    copy = folder / "copy"
    shutil.copytree(model("given"), copy)
    rules = [
        {"metric": "performance.auc", "no_worse_than_baseline_by": 0},
        {"metric": "fairness.disparate_impact", "no_worse_than_baseline_by": 0},
        {"metric": "performance.log_loss", "better_than_baseline_by": 1e-9},
    ]
    report = run(noisy(60), model, folder, rules, spec={"baseline": str(copy)})
    assert improvements(report.checks) == {(0.0, (0.0, 0.0))}
    assert [rule.status for rule in report.rules] == ["inconclusive", "inconclusive", "fail"]
    assert "the baseline is the candidate itself" in report.rules[0].reason


def test_equal_scores_of_other_bytes_are_not_proof(model: Models, folder: Path) -> None:
    """200 rows that two models score alike do not show that they differ on less than one row in a hundred."""
    frame = noisy(200).assign(old=lambda rows: rows["score"])
    rules = [
        {"metric": "performance.accuracy", "no_worse_than_baseline_by": 0.01},
        {"metric": "performance.accuracy", "no_worse_than_baseline_by": 0.02, "id": "wide"},
    ]
    report = run(frame, model, folder, rules)
    assert [rule.status for rule in report.rules] == ["inconclusive", "pass"]
    upper = 1 - 0.025 ** (1 / 200)  # of a share of which none was seen in 200
    assert against(one(report, "accuracy")).improvement_ci == pytest.approx((-upper, upper))


def test_inputs_are_those_that_each_model_has(model: Models, folder: Path) -> None:
    """``model.inputs`` may name an input of either; one that neither has is a mistake."""
    frame = noisy(80).rename(columns={"old": "before"})
    given = {"inputs": {"x": ["score"], "old": ["before"]}}
    report = run(frame, model, folder, spec=given)
    assert report.baseline is not None
    assert (report.model.columns, report.baseline.columns) == ({"x": ["score"]}, {"old": ["before"]})
    with pytest.raises(AuditError, match="an input of the model"):
        run(frame, model, folder, spec={"inputs": {**given["inputs"], "older": ["before"]}})


def test_a_missing_column_of_the_baseline_is_said_to_be_its(model: Models, folder: Path) -> None:
    with pytest.raises(AuditError) as caught:
        run(noisy(80).rename(columns={"old": "before"}), model, folder, spec={"inputs": {"x": ["score"]}})
    assert caught.value.where.startswith("model.baseline: ")
    assert "before" in caught.value.found


@pytest.mark.parametrize(
    "path", ["nothing/here", "models:/income@champion", __file__], ids=["missing", "registry", "no model"]
)
def test_a_baseline_that_cannot_be_loaded_is_told_as_a_candidate_is(
    path: str, model: Models, folder: Path
) -> None:
    policy = policy_of(noisy(80), model, folder)
    alone = {**policy, "model": {"path": path}}
    with pytest.raises(AuditError) as candidate:
        audit.run(alone)
    policy["model"]["baseline"] = path
    with pytest.raises(AuditError) as baseline:
        audit.run(policy)
    assert baseline.value.where == f"model.baseline: {candidate.value.where}"
    assert (baseline.value.expected, baseline.value.found) == (
        candidate.value.expected,
        candidate.value.found,
    )


def test_a_baseline_that_reaches_beyond_itself_is_not_run(model: Models, folder: Path) -> None:
    import tensorflow as tf

    path, secret = folder / "reads", folder / "secret"
    secret.write_text("0.5")

    def score(old: Any) -> Any:
        return old + 0 * tf.strings.to_number(tf.io.read_file(str(secret)), tf.float64)

    save(path, score, old=([None, 1], tf.float64))
    with pytest.raises(AuditError, match="ReadFile") as caught:
        run(noisy(80), model, folder, spec={"baseline": str(path)})
    assert caught.value.where.startswith("model.baseline: ")


def test_a_keras_file_beside_a_saved_model(model: Models, folder: Path) -> None:
    import keras

    path = folder / "old.keras"
    inputs = keras.Input((1,), name="old")
    layer = keras.layers.Dense(1, activation="sigmoid", name="score")
    network = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.array([[2.0]]), np.array([-1.0])])
    network.save(path)
    report = run(noisy(80), model, folder, spec={"baseline": str(path)})
    assert report.baseline is not None and report.baseline.output.kind == "sigmoid"
    frame = noisy(80)
    expected = ((2 * frame["old"] - 1 >= 0) == (frame["label"] == 1)).mean()
    assert against(one(report, "accuracy")).value == pytest.approx(expected)


def test_what_the_policy_says_of_the_output_is_not_forced_on_another_kind_of_head(
    model: Models, folder: Path
) -> None:
    """The candidate's output is declared to be logits; the baseline ends in a sigmoid, which its graph says."""
    import tensorflow as tf

    logits, path = folder / "logits", folder / "sigmoid"
    save(logits, lambda x: 4 * x - 2, x=([None, 1], tf.float64))
    save(path, lambda old: tf.sigmoid(4 * old - 2), old=([None, 1], tf.float64))
    frame = noisy(80).assign(old=lambda rows: rows["score"])
    report = run(frame, model, folder, candidate=logits, spec={"baseline": str(path), "output": "logits"})
    assert report.baseline is not None and report.baseline.output.kind == "sigmoid"
    assert against(one(report, "log_loss")).value == pytest.approx(one(report, "log_loss").value, abs=1e-9)


def test_several_classes(model: Models, folder: Path) -> None:
    rng = np.random.default_rng(0)
    scores, others = (rng.dirichlet(np.ones(3), 150) for _ in range(2))
    columns: dict[str, Any] = {f"s{i}": scores[:, i] for i in range(3)} | {
        f"o{i}": others[:, i] for i in range(3)
    }
    label = rng.integers(0, 3, 150)
    frame = pd.DataFrame({**columns, "label": label, "sex": rng.choice(["Female", "Male"], 150)})
    spec = {
        "baseline": str(old_model(folder, 3)),
        "inputs": {"x": ["s0", "s1", "s2"], "old": ["o0", "o1", "o2"]},
        "classes": [0, 1, 2],
    }
    report = run(frame, model, folder, candidate=model("given3"), spec=spec, favorable=[2])
    right, before = scores.argmax(1) == label, others.argmax(1) == label
    found = against(one(report, "balanced_accuracy"))
    assert found.discordant == {
        str(k): [(right & ~before)[label == k].sum(), (before & ~right)[label == k].sum(), (label == k).sum()]
        for k in range(3)
    }
    recalls = [before[label == k].mean() for k in range(3)]
    assert found.value == pytest.approx(np.mean(recalls))


def test_a_regression(model: Models, folder: Path) -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(10, 3, 200)
    frame = pd.DataFrame({"score": target + rng.normal(size=200), "old": target + rng.normal(0.5, 1.5, 200)})
    frame = frame.assign(label=target, sex=rng.choice(["Female", "Male"], 200))
    rule = {"metric": "performance.rmse", "better_than_baseline_by": 0.1}
    report = run(frame, model, folder, [rule], spec={"output": "regression"}, favorable={"at_least": 10})
    (decided,) = report.rules
    found = against(decided.measurements[0])
    errors = [frame[name] - target for name in ("old", "score")]
    assert found.improvement == pytest.approx(-np.diff([np.sqrt((e**2).mean()) for e in errors])[0])
    assert decided.status == "pass"
    drawn = []
    for _ in range(1000):
        rows = rng.integers(0, 200, 200)
        drawn.append(
            [
                1 - ((frame[name] - target).to_numpy()[rows] ** 2).mean() / target[rows].var()
                for name in ("score", "old")
            ]
        )
    assert against(one(report, "r2")).correlation == pytest.approx(
        np.corrcoef(np.transpose(drawn))[0, 1], abs=0.08
    )
