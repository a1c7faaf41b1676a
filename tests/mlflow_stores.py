"""Registries of MLflow for tests: a SQLite database of their own, or a server on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .model_cache import built

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
_STARTUP_SECONDS = 120


def database(folder: Path, artifacts: str = "") -> str:
    """Return the address of an empty registry in ``folder``: a copy, since its migrations take seconds.

    Files of models are at the address ``artifacts``, by default below ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mlflow.db"
    shutil.copy(built("mlflow.db", _migrate, Path(__file__)), file)
    location = artifacts or (folder / "artifacts").as_uri()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = ?", [location])
    return f"sqlite:///{file}"


def _migrate(file: Path) -> None:
    code = "import sys, mlflow; mlflow.MlflowClient(sys.argv[1]).search_experiments()"
    command = [sys.executable, "-c", code, f"sqlite:///{file}"]
    subprocess.run(command, check=True, env=os.environ | QUIET, capture_output=True, cwd=file.parent)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Context with the address of a server on loopback, whose database and artifacts are in ``folder``."""
    with server_process(folder) as (address, _):
        yield address


@contextmanager
def server_process(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Context with a server's address and process; what an earlier one left in ``folder`` is there again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    stored = folder / "mlflow.db"
    uri = f"sqlite:///{stored}" if stored.is_file() else database(folder, "mlflow-artifacts:/0")
    command += ["--backend-store-uri", uri, "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with open(folder / "server.log", "wb") as log:
        process = subprocess.Popen(
            command, env=os.environ | QUIET, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", process
        finally:
            stop(process)


def forget_choices() -> None:
    """Take back what MLflow keeps for the rest of the process: the address and experiment that were used last."""
    import mlflow
    from mlflow.tracking import fluent

    mlflow.set_tracking_uri(None)
    fluent._active_experiment_id = None
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


def stop(process: subprocess.Popen[bytes], by: signal.Signals = signal.SIGTERM) -> None:
    """End a server, unless it has ended, with its workers, which are of its own process group."""
    if process.poll() is None:
        os.killpg(process.pid, by)
        process.wait(60)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _STARTUP_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the MLflow server does not start")
