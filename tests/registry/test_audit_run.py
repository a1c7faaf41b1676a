"""Audits in a real MLflow: their run, its metrics and files, and the tags of the version."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.registry.artifact import find_model
from audit.registry.audit_run import EXPERIMENT, VERDICT_TAG, log_audit, require_loggable
from audit.registry.metrics import metric_name, metrics
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect
from audit.registry.register import register
from audit.registry.resolution import logged_model_id
from audit.result import Measurement, Report, Scalar

from ..formats.html.samples import full
from .conftest import Export

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def audited(address: str, folder: Path) -> tuple[Report, list[Path]]:
    """Return a report on the model at an address, and its files."""
    source = find_model(address)
    report = full()
    facts = replace(report.model, path=address, digest=digest(source.path), registry=source.registry)
    files = [folder / name for name in ("report.json", "report.html")]
    for file in files:
        file.write_text(file.name)
    return replace(report, model=facts), files


@pytest.fixture(params=["database", "server"])
def address(
    request: pytest.FixtureRequest, registry: str, monkeypatch: pytest.MonkeyPatch, export: Export
) -> str:
    if request.param == "server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("registry_server"))
    return register(str(export(b"one")), "logged").address


def test_run_and_version_name_each_other(address: str, tmp_path: Path) -> None:
    report, files = audited(address, tmp_path)
    run_id = log_audit(report, files)
    run = mlflow.get_run(run_id)
    name, number = address.removeprefix("models:/").split("/")
    version = connect().version(name, int(number))
    assert run.info.status == "FINISHED" and mlflow.get_experiment(run.info.experiment_id).name == EXPERIMENT
    assert version.tags["audit.run_id"] == run_id and run.data.tags["audit.model_version"] == address
    for tags in (version.tags, run.data.tags):
        assert tags[VERDICT_TAG] == report.verdict
        assert tags["audit.model_digest"] == report.model.digest
        assert tags["audit.report_digest"] == digest(files[0])
    paths = [file.path for file in mlflow.MlflowClient().list_artifacts(run_id, "audit")]
    assert paths == ["audit/report.html", "audit/report.json"]
    model_id = logged_model_id(version.source)
    assert [model.model_id for model in run.inputs.model_inputs] == [model_id]
    values = {metric.key: metric.value for metric in mlflow.get_logged_model(model_id).metrics}
    finite = [m for check in report.checks for m in check.measurements if math.isfinite(m.value)]
    assert len(finite) == len(values) == len(run.data.metrics)
    assert all(values[metric_name(m)] == m.value for m in finite)


def test_an_alias_that_moved_on_does_not_matter(registry: str, export: Export, tmp_path: Path) -> None:
    for weights in (b"one", b"two"):
        register(str(export(weights)), "logged")
    connect().set_alias("logged", "champion", 1)
    report, files = audited("models:/logged@champion", tmp_path)
    connect().set_alias("logged", "champion", 2)
    log_audit(report, files)
    assert VERDICT_TAG in connect().version("logged", 1).tags
    assert VERDICT_TAG not in connect().version("logged", 2).tags


def test_of_a_run_its_run_is_tagged(registry: str, export: Export, tmp_path: Path) -> None:
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(export(b"one")), "model")
    report, files = audited(f"runs:/{run.info.run_id}/model", tmp_path)
    logged = log_audit(report, files)
    assert mlflow.get_run(run.info.run_id).data.tags["audit.run_id"] == logged


def test_more_metrics_than_one_request_takes(registry: str, export: Export, tmp_path: Path) -> None:
    address = register(str(export(b"one")), "logged").address
    report, files = audited(address, tmp_path)
    one = report.checks[0].measurements[0]
    many = [replace(one, where={"attribute": "x", "group": str(i)}) for i in range(2500)]
    report = replace(report, checks=[replace(report.checks[0], measurements=many)])
    assert len(mlflow.get_run(log_audit(report, files)).data.metrics) == 2500


def test_a_failure_is_a_failed_run_and_no_verdict(
    registry: str, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, files = audited(register(str(export(b"one")), "logged").address, tmp_path)

    def refuse(*_: object) -> None:
        raise AuditError(where="metrics", expected="room", found="none")

    monkeypatch.setattr(RegistryClient, "log_metrics", refuse)
    with pytest.raises(AuditError, match="room"):
        log_audit(report, files)
    (run,) = mlflow.search_runs(experiment_names=[EXPERIMENT], output_format="list")
    assert run.info.status == "FAILED"
    assert VERDICT_TAG not in connect().version("logged", 1).tags


def test_a_path_cannot_be_logged(registry: str) -> None:
    with pytest.raises(AuditError, match="a model of a registry"):
        require_loggable("models/income/3")
    require_loggable("models:/income/3")


def test_names_are_those_that_mlflow_takes() -> None:
    one = full().checks[0].measurements[0]
    wheres: list[dict[str, Scalar]] = [
        {"group": "<=50K"},
        {"group": ">=50K"},
        {"group": "é" * 400},
        {"group": "è" * 400},
    ]
    measurements: list[Measurement] = [replace(one, where=where) for where in wheres]
    measurements.append(replace(one, value=math.nan))
    values = metrics(measurements)
    assert len(values) == 4 and max(map(len, values)) <= 250
    assert list(values)[:2] == [f"{one.metric} group:__50K", f"{one.metric} group:__50K 2"]
