"""Real evaluations by MLflow, with a store of its own, of real models."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry as registry

from audit.errors import AuditError
from audit.formats.json import read_report
from audit.integrations.mlflow_evaluator import NOT_AUDITED, PASS_METRIC, VERDICT_TAG, AuditEvaluator

from .. import mlflow_stores
from ..audits import SCORES_ONLY, people

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

ROOT = Path(__file__).parents[2]
CHECKS: dict[str, Any] = {"checks": SCORES_ONLY}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """MLflow's store in a folder, and the evaluator as its entry point registers it."""
    folder = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("audits", (folder / "artifacts").as_uri()))
    registry.register("audit", AuditEvaluator)
    yield folder
    registry._registry.pop("audit")
    mlflow_stores.forget_choices()


@pytest.fixture(scope="module")
def logged(store: Path) -> str:
    """A model that was logged: P(label) follows the column ``score``."""
    model = keras.Sequential([keras.Input((1,), name="score"), keras.layers.Dense(1, activation="sigmoid")])
    model.layers[0].set_weights([np.array([[4.0]]), np.array([-2.0])])
    with mlflow.start_run():
        return str(mlflow.tensorflow.log_model(model, name="model", pip_requirements=[]).model_uri)


def rows() -> pd.DataFrame:
    return people(400)[["score", "sex", "label"]]


def policy(at_least: float) -> dict[str, Any]:
    data = {"protected": {"sex": {"privileged": "Male"}}}
    rules = [
        {"metric": "performance.auc", "at_least": at_least},
        {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.1},
    ]
    return {**CHECKS, "data": data, "model": {"inputs": {"score": ["score"]}}, "gate": {"rules": rules}}


def evaluate(model: Any, data: pd.DataFrame, config: Any, **options: Any) -> tuple[Any, Any]:
    """Evaluate in a run and return result and run."""
    settings = {"evaluators": "audit", "targets": "label", "model_type": "classifier", **options}
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(model, data, evaluator_config=config, **settings)
    return result, mlflow.get_run(run.info.run_id)


@pytest.mark.parametrize(("at_least", "verdict"), [(0.6, "pass"), (0.99, "fail")])
def test_verdict_metrics_and_reports_are_logged(
    logged: str, at_least: float, verdict: str, tmp_path: Path
) -> None:
    result, run = evaluate(logged, rows(), {"policy": policy(at_least)})
    assert run.data.tags[VERDICT_TAG] == verdict
    assert result.metrics[PASS_METRIC] == run.data.metrics[PASS_METRIC] == float(verdict == "pass")
    folder = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="audit", dst_path=str(tmp_path)
    )
    report = read_report(folder)
    assert report.verdict == verdict and Path(folder, "report.html").is_file()
    assert result.artifacts["audit_report"].content["verdict"] == verdict
    auc = report.rules[0].measurements[0].value
    assert run.data.metrics["performance.auc"] == auc
    impact = "fairness.disparate_impact attribute:sex privileged:Male unprivileged:Female"
    assert run.data.metrics[impact] == report.rules[1].measurements[0].value
    assert report.data.rows == 400


def test_a_threshold_of_mlflow_stops_what_did_not_pass(logged: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.models import MetricThreshold

    result, _ = evaluate(mlflow.pyfunc.load_model(logged), rows(), {"policy": policy(0.99)})
    thresholds = {PASS_METRIC: MetricThreshold(threshold=1, greater_is_better=True)}
    with pytest.raises(MlflowException, match=PASS_METRIC):
        mlflow.validate_evaluation_results(thresholds, result)


def test_without_a_policy_the_default_rules_apply(logged: str, tmp_path: Path) -> None:
    result, run = evaluate(logged, rows()[["score", "label"]], None)
    folder = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="audit", dst_path=str(tmp_path)
    )
    report = read_report(folder)
    assert report.policy.default_rules and report.rules[0].id == "performance.auc"
    assert result.metrics[PASS_METRIC] == float(report.verdict == "pass")


def test_what_cannot_be_audited_raises_and_leaves_no_verdict_of_before(logged: str) -> None:
    with mlflow.start_run() as run:
        mlflow.set_tag(VERDICT_TAG, "pass")
        with pytest.raises(AuditError, match="score"):
            mlflow.models.evaluate(
                logged,
                rows().drop(columns="score"),
                targets="label",
                model_type="classifier",
                evaluators="audit",
                evaluator_config={"policy": policy(0.6)},
            )
    data = mlflow.get_run(run.info.run_id).data
    assert (data.tags[VERDICT_TAG], data.metrics[PASS_METRIC]) == (NOT_AUDITED, 0.0)


def test_a_model_that_was_saved_needs_its_directory(store: Path, logged: str, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    mlflow.artifacts.download_artifacts(logged, dst_path=str(saved))
    text = (saved / "MLmodel").read_text().splitlines()
    gone = ("model_id:", "run_id:", "artifact_path:")
    (saved / "MLmodel").write_text("\n".join(line for line in text if not line.startswith(gone)))
    model = mlflow.pyfunc.load_model(str(saved))
    with pytest.raises(AuditError, match="name the directory"):
        evaluate(model, rows(), {"policy": policy(0.6)})
    _, run = evaluate(model, rows(), {"policy": policy(0.6), "model": str(saved)})
    assert run.data.tags[VERDICT_TAG] == "pass"


def test_a_misspelt_key_is_an_error(logged: str) -> None:
    with pytest.raises(AuditError, match="did you mean 'policy'"):
        evaluate(logged, rows(), {"polcy": policy(0.6)})


@pytest.mark.parametrize(
    ("model_type", "config", "can"),
    [
        ("classifier", {}, True),
        ("classifier", None, True),
        ("regressor", {"policy": "audit.yaml"}, True),
        ("classifier", {"col_mapping": {}}, True),
        ("classifier", {"log_model_explainability": True}, False),
        ("question-answering", {}, False),
    ],
)
def test_which_evaluations_it_takes_part_in(
    model_type: str, config: dict[str, Any] | None, can: bool
) -> None:
    assert AuditEvaluator.can_evaluate(model_type=model_type, evaluator_config=config) is can


def test_models_of_other_libraries_are_left_to_others_unless_an_audit_is_asked_for(store: Path) -> None:
    def score(frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(frame["score"] > 0.5)

    config = {"default": {"log_model_explainability": False}}
    result, run = evaluate(score, rows()[["score", "label"]], config, evaluators=["default", "audit"])
    assert VERDICT_TAG not in run.data.tags and PASS_METRIC not in result.metrics
    with pytest.raises(AuditError, match="logged"):
        evaluate(score, rows()[["score", "label"]], {"policy": policy(0.6)})


def test_the_entry_point_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["mlflow.model_evaluator"] == {"audit": ENTRY_POINT}


ENTRY_POINT = "audit.integrations.mlflow_evaluator:AuditEvaluator"


def test_mlflow_loads_it_by_its_entry_point_without_loading_what_an_audit_needs(tmp_path: Path) -> None:
    """Whoever imports MLflow's evaluation loads every evaluator."""
    metadata = tmp_path / "somebody-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text(f"[mlflow.model_evaluator]\naudit = {ENTRY_POINT}\n")
    code = """
import sys, warnings
warnings.filterwarnings("error", "Failure attempting to register")
from mlflow.models import list_evaluators
assert "audit" in list_evaluators()
assert not {"audit.runner", "audit.subject", "tensorflow"} & set(sys.modules)
"""
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})
