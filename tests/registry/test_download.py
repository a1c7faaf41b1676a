"""Models of a real MLflow registry as local files: resolved, downloaded once, checked."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import mlflow
import pytest

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.registry import download as downloads
from audit.registry.artifact import find_model
from audit.registry.mlflow_connection import connect
from audit.registry.register import register
from audit.registry.stored import current_model

from .conftest import Export

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

WEIGHTS = "saved_model/variables/variables.data-00000-of-00001"


def stored(registry: str, weights: bytes) -> Path:
    """Return the file in the registry's store that holds these bytes."""
    folder = Path(registry.removeprefix("sqlite:///")).parent
    return next(file for file in folder.rglob("variables.data*") if file.read_bytes() == weights)


def test_an_alias_is_looked_up_every_time(registry: str, export: Export) -> None:
    digests = [register(str(export(weights)), "income").digest for weights in (b"one", b"two")]
    for number in (1, 2, 1):
        connect().set_alias("income", "champion", number)
        path, facts = find_model("models:/income@champion")
        assert facts is not None and facts.version == f"models:/income/{number}"
        assert facts.uri == registry
        assert digest(path) == digests[number - 1]


def test_a_version_is_downloaded_once_and_read_only(
    registry: str, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(str(export(b"one")), "income")
    first = find_model("models:/income/1")
    files = [file for file in first.path.rglob("*") if file.is_file()]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o444 for file in files) and len(files) == 3
    monkeypatch.setattr("mlflow.artifacts.download_artifacts", None)  # it would be called
    assert find_model("models:/income/1") == first


@pytest.mark.parametrize("damage", ["edited", "added", "removed"])
def test_a_damaged_copy_is_downloaded_again(registry: str, export: Export, damage: str) -> None:
    register(str(export(b"one")), "income")
    path = find_model("models:/income/1").path
    weights = next(path.rglob("variables.data*"))
    weights.chmod(0o644)
    if damage == "edited":
        weights.write_bytes(b"0ne")
    elif damage == "added":
        (path / "more").write_bytes(b"")
    else:
        weights.unlink()
    again = find_model("models:/income/1").path
    assert again == path and digest(again) == digest(export(b"one"))


def test_an_interrupted_download_leaves_nothing_that_is_used(
    registry: str, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(str(export(b"one")), "income")

    def cut_off(artifact_uri: str, dst_path: str) -> str:
        (Path(dst_path) / "MLmodel").write_text("flavors: {}")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mlflow.artifacts.download_artifacts", cut_off)
        with pytest.raises(KeyboardInterrupt):
            find_model("models:/income/1")
    assert list((Path(os.environ["AUDIT_CACHE"]) / "models").iterdir()) == []
    assert digest(find_model("models:/income/1").path) == digest(export(b"one"))


def test_abandoned_downloads_are_swept_up(registry: str, export: Export) -> None:
    models = Path(os.environ["AUDIT_CACHE"]) / "models"
    for name, age in (("partial-old", downloads._ABANDONED_SECONDS + 60), ("partial-new", 0)):
        (models / name).mkdir(parents=True)
        moment = (models / name).stat().st_mtime - age
        os.utime(models / name, (moment, moment))
    register(str(export(b"one")), "income")
    find_model("models:/income/1")
    assert [path.name for path in models.glob("partial-*")] == ["partial-new"]


def test_processes_at_once_agree(registry: str, export: Export) -> None:
    register(str(export(b"one")), "income")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map(_digest_of, ["models:/income/1"] * 8)
    assert set(found) == {digest(export(b"one"))}


def _digest_of(address: str) -> str:
    return digest(find_model(address).path)


def test_replaced_files_of_a_registered_version_are_refused(registry: str, export: Export) -> None:
    registered = register(str(export(b"one")), "income").digest
    file = stored(registry, b"one")
    file.write_bytes(b"0ne")
    with pytest.raises(AuditError, match="its files were replaced") as error:
        find_model("models:/income/1")
    assert registered in str(error.value)


def test_a_current_model_is_what_the_registry_has_now(registry: str, export: Export) -> None:
    before = register(str(export(b"one")), "income").digest
    find_model("models:/income/1")
    stored(registry, b"one").write_bytes(b"0ne")
    with current_model("models:/income/1") as path:
        assert digest(path) == digest(export(b"0ne")) != before
    assert not path.exists()


def test_artifacts_of_runs_are_looked_up_every_time(registry: str, export: Export) -> None:
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(export(b"one")), "model")
        address = f"runs:/{run.info.run_id}/model"
        path, facts = find_model(address)
        assert digest(path) == digest(export(b"one"))
        assert facts is not None and (facts.version, facts.run_id) == (None, run.info.run_id)
        mlflow.log_artifacts(str(export(b"two")), "model")
    assert digest(find_model(address).path) == digest(export(b"two"))


def test_a_single_file_of_a_run(registry: str, tmp_path: Path) -> None:
    file = tmp_path / "income.keras"
    file.write_bytes(b"weights")
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(file), "model")
    path = find_model(f"runs:/{run.info.run_id}/model/income.keras").path
    assert (path.name, digest(path)) == ("income.keras", digest(file))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("models:/incone/1", ["no model 'incone' (did you mean 'income'?)"]),
        ("models:/income/7", ["no such version", "its versions: 1"]),
        ("models:/income@chapion", ["no alias 'chapion' (did you mean 'champion'?)"]),
        ("runs:/0123456789abcdef0123456789abcdef/model", ["Run with id=", "not found"]),
        ("models:/m-0123456789abcdef0123456789abcdef", ["Logged model with ID", "not found"]),
    ],
)
def test_what_is_not_there_names_the_nearest(
    registry: str, export: Export, address: str, words: list[str]
) -> None:
    register(str(export(b"one")), "income")
    connect().set_alias("income", "champion", 1)
    with pytest.raises(AuditError) as error:
        find_model(address)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_an_address_is_no_path(registry: str, export: Export, tmp_path: Path) -> None:
    register(str(export(b"one")), "income")
    base = tmp_path / "policies"
    other = base / "models:" / "income" / "1"
    other.mkdir(parents=True)
    (other / "saved_model.pb").write_bytes(b"another graph")
    assert digest(find_model("models:/income/1", base).path) == digest(export(b"one"))
