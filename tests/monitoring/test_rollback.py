"""Rollback by rule in a real registry: after so many failing batches, once, and only to what passed its own audit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.check import load_policy
from audit.cli import main
from audit.errors import AuditError
from audit.monitoring.monitor import Monitor
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, parse_target
from audit.registry.mlflow_connection import connect

from .. import mlflow_stores
from ..conftest import Models
from . import batches

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
CHAMPION = "income@champion"


@pytest.fixture
def folder(model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A registry whose alias names version 2, promoted after version 1, and the policy that monitors it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_stores.database(tmp_path / "registry"))
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    for version in (1, 2):
        export = tmp_path / f"export-{version}"
        shutil.copytree(model("given"), export)
        (export / "assets").mkdir(exist_ok=True)
        (export / "assets" / "note").write_text(f"version {version}")
        promote(export, version)
    yield tmp_path
    mlflow_stores.forget_choices()


def promote(export: Path, version: int) -> None:
    assert main(["register", str(export), "--name", "income"]) == 0
    policy = write(f"models:/income/{version}", "audit.yaml")
    assert main(["run", policy, "-q"]) == 0
    assert main(["promote", "audit-report/report.json", "--to", CHAMPION]) == 0


def write(path: str, name: str, **monitoring: Any) -> str:
    content = batches.content(Path("x"), Path.cwd(), **monitoring)
    content["model"] = {**dict(content["model"]), "path": path}  # type: ignore[call-overload]
    Path(name).write_text(json.dumps(content))
    return name


def served() -> int | None:
    return connect().alias_version("income", "champion")


def bad(day: int) -> str:
    return batches.store(batches.table(600, day, recall=0.2), Path.cwd(), f"day-{day}.parquet")


def test_after_enough_failing_batches_the_alias_goes_back_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write("models:/" + CHAMPION, "monitor.yaml", rollback={"alias": CHAMPION, "after": 2})
    codes, versions = [], []
    capsys.readouterr()
    for day in range(1, 9):
        codes.append(main(["monitor", policy, "--data", bad(day), "--as-of", f"2027-01-0{day}"]))
        versions.append(served())
        if served() == 1:
            break
    out = capsys.readouterr().out
    assert codes[-1] == 1 and versions == [2] * (len(versions) - 1) + [1]
    assert f"models:/{CHAMPION} was rolled back from version 2 to version 1" in out
    last = read_history(MlflowStore(connect(), parse_target(CHAMPION))).moves[-1].entry
    assert (last.kind, last.actor) == ("rollback", "audit monitor")
    assert last.reason.startswith("rule recall failed on 2 consecutive batches (rollback after 2)")
    assert f"as of 2027-01-0{len(versions)}" in last.reason
    with Monitor(load_policy(policy), Path("audit-monitoring")) as monitor:  # version 1: another run
        assert monitor.run is None
        for day in range(11, 19):
            observation = monitor.observe(bad(day))
            if text := monitor.roll_back_if_due(observation):
                break
        assert text.startswith(f"models:/{CHAMPION} was not rolled back: ")
        assert monitor.roll_back_if_due(observation) == ""  # once for a run
        assert [run.version for run in monitor.store.runs()] == ["income version 2", "income version 1"]
        kinds = [alert.kind for alert in monitor.store.pending()]
        assert kinds.count("rollback") == 2 and kinds.count("started") == 1
    assert served() == 1


def test_an_alias_of_another_model_is_left_alone(folder: Path) -> None:
    policy = write("models:/income/1", "monitor.yaml", rollback={"alias": CHAMPION, "after": 1})
    with Monitor(load_policy(policy), Path("store")) as monitor:
        texts = [monitor.roll_back_if_due(monitor.observe(bad(day))) for day in range(1, 9)]
    assert [text for text in texts if text] == [
        f"models:/{CHAMPION} was not rolled back: it serves another model than the one that is monitored"
    ]
    assert served() == 2


def test_a_registry_that_cannot_be_reached_is_asked_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = write("models:/" + CHAMPION, "monitor.yaml", rollback={"alias": CHAMPION, "after": 1})
    with Monitor(load_policy(policy), Path("store")) as monitor:
        observations = [monitor.observe(bad(day)) for day in range(1, 9)]
        with monkeypatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/mlflow.db")
            with pytest.raises(AuditError):
                monitor.roll_back_if_due(observations[-1])
        mlflow_stores.forget_choices()
        assert "to version 1" in monitor.roll_back_if_due(observations[-1])
    assert served() == 1


def test_an_alias_that_does_not_serve_what_was_promoted_is_not_monitored(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write("models:/" + CHAMPION, "monitor.yaml")
    connect().set_alias("income", "champion", 1)
    assert main(["monitor", policy, "--data", bad(1)]) == 2
    assert "the version that was promoted" in capsys.readouterr().err
    assert not Path("audit-monitoring").exists()
