"""Whole audits by every backend, of rows, images and texts: the same bytes, also if a worker is killed on the way."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.checks.robustness import corruptions, escalation
from audit.cli import main
from audit.data.source import BatchSize, Source
from audit.execution.pool_map import PoolMap
from audit.execution.processes import ProcessWorker

from ..zoo.audited import audit
from ..zoo.kinds import KINDS

BACKENDS = [("processes", 1), ("processes", 2), ("processes", 3), ("ray", 1), ("ray", 2)]
"""All of them audit a table; images and texts are audited by two workers of each kind."""
ZOO = {
    "images": "`float32` images from 0 to 1",
    "texts": "Keras `TextVectorization`, an embedding and pooling",
}


@pytest.fixture(scope="module", autouse=True)
def small_batches() -> Iterator[None]:
    """Cut little work into as many parts as much work has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Source, "batch_size", BatchSize(rows=300))
        patch.setattr(escalation, "_MAX_BATCH_ROWS", 64)
        patch.setattr(corruptions, "_MAX_VALUES", 2**17)
        yield


@pytest.fixture(scope="module", params=["adult", *ZOO])
def policy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    if request.param == "adult":
        policy: Path = request.getfixturevalue("adult_policy")
        return policy
    kind = next(kind for kind in KINDS if kind.name == ZOO[request.param])
    assert audit(kind, folder).code in (0, 1, 3)
    return folder / "audit.yaml"


def is_adult(policy: Path) -> bool:
    return "adult" in policy.parts[-2]


def report(policy: Path, out: Path, *options: str) -> str:
    """Audit, and return the report's text up to `run`; of Adult's rows, fewer are explained and attacked."""
    if is_adult(policy):
        options = (
            *options,
            "--set",
            "checks.explainability.rows=100",
            "--set",
            "checks.robustness.rows=300",
        )
    code = main(["run", str(policy), "--out", str(out), "--date", "2026-01-31", "--quiet", *options])
    assert code in (0, 1, 3)
    text = (out / "report.json").read_text("utf-8")
    assert {check["status"] for check in json.loads(text)["checks"]} <= {"measured", "skipped"}
    return text[: text.index('\n "run": {')]


@pytest.fixture(scope="module")
def local(policy: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(policy, tmp_path_factory.mktemp("local"))


@pytest.mark.parametrize(("backend", "workers"), BACKENDS)
def test_every_backend_gives_the_same_report(
    policy: Path, local: str, backend: str, workers: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if workers != 2 and not is_adult(policy):
        pytest.skip("on a table only")
    if backend == "ray":
        request.getfixturevalue("ray_cluster")
    assert report(policy, tmp_path, "--backend", backend, "--workers", str(workers)) == local


@pytest.mark.parametrize("backend", ["processes", "ray"])
def test_a_worker_killed_on_the_way_changes_nothing(
    policy: Path,
    local: str,
    backend: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    if backend == "ray":
        if not is_adult(policy):
            pytest.skip("on a table only")
        request.getfixturevalue("ray_cluster")
    killed: list[int] = []
    monkeypatch.setattr(PoolMap, "_send", killing(PoolMap._send, killed))
    assert report(policy, tmp_path, "--backend", backend, "--workers", "2") == local
    assert killed
    assert "computed again" in capsys.readouterr().err


def killing(send: Callable[..., None], killed: list[int]) -> Callable[..., None]:
    """Return ``send``, which gives a worker a part; the second time the worker is killed as soon as it has it."""
    calls: list[int] = []

    def send_and_kill(run: Any, worker: Any, tasks: Any, task: Any) -> None:
        calls.append(task.number)
        process = process_of(worker) if len(calls) == 2 else None
        send(run, worker, tasks, task)
        if process:
            os.kill(process, signal.SIGKILL)
            killed.append(process)

    return send_and_kill


def process_of(worker: Any) -> int:
    """Return the number of a worker's process."""
    if isinstance(worker, ProcessWorker):
        return worker.process_id
    import ray

    return int(ray.get(worker._actor.__ray_call__.remote(lambda _: os.getpid())))
