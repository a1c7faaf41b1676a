"""The connection to the MLflow registry that the environment names, and what keeps it from being made."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from audit.errors import AuditError, not_installed
from audit.registry.mlflow_client import RegistryClient, environment, mlflow_exception
from audit.registry.mlflow_errors import VARIABLE, translated, without_password

_AT_IMPORT = {"MLFLOW_DISABLE_TELEMETRY": "true"}


def connect() -> RegistryClient:
    """Return a client of the registry that `MLFLOW_TRACKING_URI` (or the host program) names; nothing is sent yet.

    Raises:
        AuditError: MLflow is not installed, no registry is named, or it is of a kind that MLflow refuses.
    """
    mlflow = _import_mlflow()
    uri = mlflow.get_registry_uri()
    with translated(mlflow_exception(), "MLflow registry", uri):
        if not mlflow.is_tracking_uri_set() and not _is_existing_database(uri):
            raise AuditError(
                where=VARIABLE,
                expected="the address of an MLflow server or database",
                found="none",
                fix=f"set it, for example to http://localhost:5000 or sqlite:///mlflow.db (export {VARIABLE}=…)",
            )
        _require_database(uri)
        try:
            client = mlflow.MlflowClient()
            client._get_registry_client()  # opens the store, which refuses kinds that MLflow does not support
        except mlflow_exception():
            raise
        except Exception as error:  # drivers and databases have exceptions of their own
            raise _cannot_be_opened(uri, f"{type(error).__name__}: {error}") from error
    return RegistryClient(client, uri)


def _require_database(uri: str) -> None:
    """Require that a SQLite database can be opened: MLflow tries for minutes."""
    path = uri.removeprefix("sqlite:///")
    if path == uri or "?" in path or not Path(path).parent.is_dir():  # MLflow creates the directory
        return
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise _cannot_be_opened(uri, str(error)) from None


def _cannot_be_opened(uri: str, problem: str) -> AuditError:
    return AuditError(
        where=VARIABLE,
        expected="the address of an MLflow server or database that can be opened",
        found=f"{without_password(uri)}: {without_password(' '.join(problem.split()))}"[:500],
        fix=f"check {VARIABLE}",
    )


def _import_mlflow() -> Any:
    try:
        with environment(_AT_IMPORT):
            import mlflow
            import mlflow.tracking
    except ImportError as error:
        raise not_installed("models of an MLflow registry", "MLflow", "mlflow", error) from None
    return mlflow


def _is_existing_database(uri: str) -> bool:
    """Return whether the default of MLflow, a database in the current directory, is there: it would be created."""
    path = uri.removeprefix("sqlite:///")
    return path != uri and Path(path).is_file()
