"""A finished audit in MLflow: a run of its own with reports and metrics, and tags of the audited version."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.registry.address import DIGEST_TAG, is_address, parse_address
from audit.registry.metrics import metrics
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect
from audit.registry.resolution import logged_model_id
from audit.result import RegistryFacts, Report

EXPERIMENT = "savedmodel-audit"
"""Experiment that the runs of audits are in."""

VERDICT_TAG = "audit.verdict"
_FOLDER = "audit"


def require_loggable(path: str) -> None:
    """Require that the audit of the model at ``path`` can be logged: it is in a registry, and MLflow is installed.

    Raises:
        AuditError: it cannot.
    """
    if not is_address(path):
        raise AuditError(
            where="registry.log",
            expected="a model of a registry as model.path: models:/NAME/3, models:/NAME@ALIAS or runs:/ID/PATH",
            found=path,
            fix="leave out --log-mlflow and registry.log, or register it with 'audit register'",
        )
    connect()


def log_audit(report: Report, files: Sequence[Path]) -> str:
    """Log a report whose model is of a registry, and return the id of the run.

    Args:
        report: the report.
        files: `report.json`, then its views.

    Raises:
        AuditError: the registry refuses, or cannot be reached; the run is then marked as failed.
    """
    registry = report.model.registry
    if registry is None:
        raise ValueError("the report's model is of no registry")
    client = connect()
    tags = _tags(report, files[0])
    with _run(client, report, tags) as run_id:
        model_id = logged_model_id(registry.source)
        measurements = (measurement for check in report.checks for measurement in check.measurements)
        client.log_metrics(run_id, metrics(measurements), model_id)
        for file in files:
            client.ask(str(file), partial(_log_file, run_id, file))
        _tag_model(client, registry, {"audit.run_id": run_id, **tags})
    return run_id


def _tags(report: Report, file: Path) -> dict[str, str]:
    """Return the tags of run and version; the verdict is the last, so that the others are there with it."""
    return {
        "audit.report_digest": digest(file),
        "audit.policy_digest": report.policy.digest,
        "audit.data_digest": report.data.digest,
        DIGEST_TAG: report.model.digest,
        VERDICT_TAG: report.verdict,
    }


@contextmanager
def _run(client: RegistryClient, report: Report, tags: Mapping[str, str]) -> Iterator[str]:
    """Context with the id of a new run, finished when it ends, failed if it ends in an error."""
    experiment = client.experiment(EXPERIMENT)
    name = f"audit of {report.model.path}"[:250]
    registry = report.model.registry
    about = {"audit.model_version": registry.version or registry.source} if registry else {}
    run = client.ask(
        EXPERIMENT, lambda mlflow: mlflow.create_run(experiment, tags={**about, **tags}, run_name=name)
    )
    run_id: str = run.info.run_id
    status = "FAILED"
    try:
        yield run_id
        status = "FINISHED"
    finally:
        client.ask(run_id, lambda mlflow: mlflow.set_terminated(run_id, status))


def _tag_model(client: RegistryClient, registry: RegistryFacts, tags: Mapping[str, str]) -> None:
    """Tag the version; without one, the run that logged the model."""
    version = parse_address(registry.version) if registry.version else None
    for key, value in tags.items():
        if version and version.number:
            client.set_version_tag(version.name, version.number, key, value)
        elif run_id := registry.run_id:
            client.set_run_tag(run_id, key, value)


def _log_file(run_id: str, file: Path, mlflow: Any) -> None:
    mlflow.log_artifact(run_id, str(file), _FOLDER)
