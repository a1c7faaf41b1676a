"""From ``fit`` under MLflow's autologging to an audited, logged version, by the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import mlflow
import numpy as np
import pytest

from audit.check import load_policy
from audit.cli.console import main
from audit.formats.json import read_report
from audit.provenance.digest import digest
from audit.registry.artifact import find_model
from audit.registry.audit_run import EXPERIMENT, VERDICT_TAG
from audit.registry.mlflow_connection import connect

from .. import mlflow_stores
from ..audits import SCORES_ONLY, people, store

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

RULES = [{"metric": "performance.auc", "at_least": 0.6}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with ``table.parquet``, and a registry with a model that was fitted there: ``income`` 1 and 2."""
    folder = tmp_path_factory.mktemp("lifecycle")
    frame = people(400)[["score", "sex", "label"]]
    store(frame, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", mlflow_stores.database(folder / "registry"))
        patch.setenv("AUDIT_CACHE", str(folder / "cache"))
        run_id = fitted(frame["score"].to_numpy(), frame["label"].to_numpy())
        (folder / "run").write_text(run_id)
        mlflow.register_model(f"runs:/{run_id}/model", "income")
        model = mlflow.tensorflow.load_model(f"runs:/{run_id}/model")
        model.export(str(folder / "export"), verbose=False)
        assert main(["register", str(folder / "export"), "--name", "income"]) == 0
        connect().set_alias("income", "champion", 1)
        yield folder
    mlflow_stores.forget_choices()


def fitted(scores: np.ndarray, labels: np.ndarray) -> str:
    """Fit a model as a tutorial does, and return the run that MLflow logged it to."""
    mlflow.tensorflow.autolog()
    try:
        model = keras.Sequential(
            [keras.Input((1,), name="score"), keras.layers.Dense(1, activation="sigmoid")]
        )
        model.compile(optimizer=keras.optimizers.Adam(0.1), loss="binary_crossentropy")
        with mlflow.start_run() as run:
            model.fit(scores[:, None], labels, epochs=5, verbose=0)
        return str(run.info.run_id)
    finally:
        mlflow.tensorflow.autolog(disable=True)


def policy(folder: Path, path: str, **model: Any) -> Path:
    content = {
        "version": 1,
        "model": {"path": path, **model},
        "data": {"path": "table.parquet", "label": "label", "protected": {"sex": {"privileged": "Male"}}},
        "checks": SCORES_ONLY,
        "gate": {"rules": RULES},
    }
    file = folder / "audit.yaml"
    file.write_text(json.dumps(content))
    return file


def test_from_fit_to_a_logged_audit(folder: Path) -> None:
    out = folder / "out"
    assert (
        main(["run", str(policy(folder, "models:/income@champion")), "--log-mlflow", "--out", str(out)]) == 0
    )
    report = read_report(out / "report.json")
    run_id = (folder / "run").read_text()
    registry = report.model.registry
    assert report.model.path == "models:/income@champion"
    assert registry is not None and (registry.version, registry.run_id) == ("models:/income/1", run_id)
    assert "models:/income/1" in (out / "report.html").read_text("utf-8")
    version = connect().version("income", 1)
    assert version.tags[VERDICT_TAG] == "pass" and version.tags["audit.model_digest"] == report.model.digest
    logged = mlflow.artifacts.download_artifacts(f"runs:/{version.tags['audit.run_id']}/audit/report.json")
    assert Path(logged).read_bytes() == (out / "report.json").read_bytes()


def test_a_run_and_a_baseline(folder: Path) -> None:
    """The exported model scores as the one it was exported from, so that their difference is zero."""
    run_id = (folder / "run").read_text()
    file = policy(folder, "models:/income/2", baseline=f"runs:/{run_id}/model")
    assert main(["run", str(file), "--out", str(folder / "out")]) == 0
    report = read_report(folder / "out" / "report.json")
    assert report.model.digest == digest(folder / "export")
    assert report.baseline is not None and report.baseline.registry is not None
    assert report.baseline.registry.run_id == run_id
    assert report.baseline.digest == digest(find_model("models:/income/1").path)


def test_inspect_and_init_take_addresses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "models:/income/2", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["digest"] == digest(folder / "export")
    assert facts["registry"]["version"] == "models:/income/2"
    out = folder / "policies" / "audit.yaml"
    arguments = ["models:/income/2", str(folder / "table.parquet"), "--label", "label", "--out", str(out)]
    assert main(["init", *arguments]) == 0
    assert load_policy(out).model.path == "models:/income/2"


def test_logging_that_fails_leaves_the_report_and_exits_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    existing = mlflow.get_experiment_by_name(EXPERIMENT)
    experiment = existing.experiment_id if existing else mlflow.create_experiment(EXPERIMENT)
    mlflow.delete_experiment(experiment)  # MLflow starts no run in it
    out = folder / "kept"
    code = main(["run", str(policy(folder, "models:/income/2")), "--log-mlflow", "--out", str(out)])
    mlflow.MlflowClient().restore_experiment(experiment)
    assert code == 2
    assert read_report(out / "report.json").verdict == "pass"
    printed = capsys.readouterr()
    assert printed.out == "" and "active" in printed.err
    assert f"the verdict, pass, is in {out / 'report.json'} and not in MLflow" in printed.err


def test_a_path_is_refused_before_the_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = policy(folder, "export")
    out = folder / "none"
    for option in (["--log-mlflow"], ["--set", "registry.log=true"], ["--log-mlflow", "--dry-run"]):
        assert main(["run", str(file), "--out", str(out), *option]) == 2
        assert "registry.log\n  expected: a model of a registry" in capsys.readouterr().err
    assert not out.exists()
