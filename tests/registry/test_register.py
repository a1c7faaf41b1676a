"""`register` on a real registry: the bytes are those of the export, or there is no version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pytest

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.registry.address import DIGEST_TAG
from audit.registry.artifact import find_model
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect
from audit.registry.register import register

from .conftest import Export

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def test_the_bytes_are_those_of_the_export(registry: str, export: Export) -> None:
    folder = export(b"one")
    registered = register(str(folder), "income")
    assert (registered.address, registered.digest) == ("models:/income/1", digest(folder))
    assert digest(find_model("models:/income/1").path) == digest(folder)
    version = connect().version("income", 1)
    assert (version.status, version.tags[DIGEST_TAG]) == ("READY", digest(folder))
    assert register(str(folder), "income").address == "models:/income/2"


def test_a_keras_file_of_any_name(registry: str, tmp_path: Path) -> None:
    file = tmp_path / "my model 3.keras"
    file.write_bytes(b"weights")
    register(str(file), "income")
    path = find_model("models:/income/1").path
    assert (path.name, digest(path)) == ("model.keras", digest(file))


@pytest.mark.parametrize("name", ["income.v2", "a.b", "quoted 'name'", 'quoted "name"', "Ünï"])
def test_names_that_mlflow_takes(registry: str, export: Export, name: str) -> None:
    assert register(str(export(b"one")), name).address == f"models:/{name}/1"
    assert [version.number for version in connect().versions(name)] == [1]
    assert find_model(f"models:/{name}/1").path.is_dir()


def test_what_is_no_model_is_refused_before_anything_is_sent(registry: str, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("")
    (tmp_path / "old.h5").write_bytes(b"")
    for path in ("notes", "old.h5", "nowhere", "models:/income/1"):
        with pytest.raises(AuditError):
            register(path, "income")
    assert mlflow.search_registered_models() == []


@pytest.mark.parametrize("step", ["upload", "download", "register_logged"])
def test_a_failure_leaves_no_version(
    registry: str, export: Export, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: Any) -> Any:
        raise AuditError(where=step, expected="no failure", found="one")

    with monkeypatch.context() as patch:
        patch.setattr(RegistryClient, step, fail)
        with pytest.raises(AuditError, match=step):
            register(str(export(b"one")), "income")
    assert connect().versions("income") == []
    assert mlflow.search_logged_models(output_format="list") == []


def test_bytes_that_change_on_the_way_are_not_registered(
    registry: str, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = RegistryClient.upload

    def spoilt(self: RegistryClient, model_id: str, folder: Path, place: str | None = None) -> None:
        if place:
            (folder / "saved_model.pb").write_bytes(b"another graph")
        upload(self, model_id, folder, place)

    monkeypatch.setattr(RegistryClient, "upload", spoilt)
    with pytest.raises(AuditError, match="the bytes that were sent"):
        register(str(export(b"one")), "income")
    assert connect().versions("income") == []
