"""The client of a registry: what it returns and refuses, on a database and on a server, and without either."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.registry.artifact import find_model
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect
from audit.registry.mlflow_errors import NotRegistered
from audit.registry.register import register

from .conftest import Export

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture(params=["database", "server"])
def client(request: pytest.FixtureRequest, registry: str, monkeypatch: pytest.MonkeyPatch) -> RegistryClient:
    if request.param == "server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("registry_server"))
    return connect()


def test_models_versions_aliases_and_tags(client: RegistryClient) -> None:
    for _ in range(2):
        client.create_registered_model("it's a log")
    numbers = [client.create_version("it's a log", {"entry": str(i)}) for i in (1, 2)]
    assert numbers == [1, 2]
    versions = client.versions("it's a log")
    assert [(version.number, dict(version.tags)) for version in versions] == [
        (1, {"entry": "1"}),
        (2, {"entry": "2"}),
    ]
    assert client.version("it's a log", 2) == versions[1]
    assert client.alias_version("it's a log", "champion") is None
    client.set_alias("it's a log", "champion", 2)
    client.set_alias("it's a log", "champion", 1)
    assert client.alias_version("it's a log", "champion") == 1
    for _ in range(2):
        client.delete_alias("it's a log", "champion")
    assert client.aliases("it's a log") == {}
    client.set_version_tag("it's a log", 1, "text", "ü" * 100_000)
    assert client.version("it's a log", 1).tags["text"] == "ü" * 100_000


WRITES: dict[str, Callable[[RegistryClient, str], object]] = {
    "alias": lambda client, _: client.set_alias("income", "champion", 1),
    "tag of a version": lambda client, _: client.set_version_tag("income", 1, "key", "value"),
    "tag of a run": lambda client, run_id: client.set_run_tag(run_id, "key", "value"),
    "experiment": lambda client, _: client.experiment("audits"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_another_writer_comes_between_reading_and_writing(
    write: Callable[[RegistryClient, str], object], registry: str
) -> None:
    client = connect()
    client.create_registered_model("income")
    client.create_version("income", {})
    run_id = client.ask("run", lambda mlflow: mlflow.create_run("0")).info.run_id
    statements: list[str] = []
    results: list[object] = []

    def interfere(*event: Any) -> None:
        if event[2].startswith("INSERT"):
            statements.append(event[2])
            if len(statements) == 1:
                results.append(write(connect(), run_id))

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", interfere)
    try:
        results.append(write(client, run_id))
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", interfere)
    assert len(statements) >= 2, "the other writer wrote"


def test_an_export_is_registered_and_read_back(client: RegistryClient, export: Export) -> None:
    registered = register(str(export(b"one")), "income")
    source = find_model(registered.address)
    assert digest(source.path) == digest(export(b"one")) == registered.digest
    assert source.registry is not None and source.registry.version == registered.address


def test_what_is_not_there(client: RegistryClient) -> None:
    client.create_registered_model("empty")
    assert client.versions("empty") == client.versions("no such model") == []
    for ask in (
        lambda: client.version("empty", 1),
        lambda: client.aliases("emty"),
        lambda: client.set_alias("empty", "champion", 1),
        lambda: client.set_version_tag("empty", 1, "key", "value"),
    ):
        with pytest.raises(NotRegistered):
            ask()


def test_refused_writes_are_one_message(client: RegistryClient) -> None:
    with pytest.raises(AuditError, match="cannot contain"):
        client.create_registered_model("a/b")
    client.create_registered_model("tagged")
    with pytest.raises(AuditError, match="100000"):
        client.set_version_tag("tagged", client.create_version("tagged", {}), "key", "v" * 100_001)


def test_a_registry_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{port}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # else a test of twenty seconds
        begun = time.monotonic()
        with pytest.raises(AuditError, match="an MLflow server that answers") as error:
            connect().aliases("income")
        assert time.monotonic() - begun < 30
    assert "secret" not in str(error.value) and f"127.0.0.1:{port}" in str(error.value)


def test_a_closed_port_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(AuditError, match="Connection refused"):
        connect().set_alias("income", "champion", 1)


def test_settings_of_requests_do_not_stay(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    before = dict(os.environ)
    connect().versions("income")
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "the address of an MLflow server or database"),
        ("file:///tmp/mlruns", "MLflow no longer takes directories"),
        ("gopher://user:secret@host", "unsupported URI 'gopher://host'"),
        ("sqlite:////proc/mlflow.db", "unable to open database file"),
        (f"sqlite:///{__file__}", "file is not a database"),
        ("mysql+none://user:secret@host/db", "mysql+none://host/db: NoSuchModuleError"),
    ],
)
def test_no_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | None, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(AuditError) as error:
        connect()
    assert words in str(error.value) and "secret" not in str(error.value)
    assert list(tmp_path.iterdir()) == []  # nothing is created


def test_without_mlflow_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["mlflow"] = None
from audit.errors import AuditError
from audit.registry.artifact import find_model
try:
    find_model("models:/income/1")
except AuditError as error:
    print(error.fix)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "pip install 'savedmodel-audit[mlflow]'\n"
