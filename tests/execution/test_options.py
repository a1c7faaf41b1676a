"""Options of `audit run` that choose a backend: what goes together, and clusters that do not answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import pytest

import audit
from audit.cli import main
from audit.errors import AuditError
from audit.execution import execution_facts, open_backend, ray_cluster
from audit.execution.backend import LocalBackend
from audit.execution.processes import Processes
from audit.execution.ray_cluster import RayCluster, _require_same, versions
from audit.frameworks.tensorflow_loader import tensorflow
from audit.policy.model import ExecutionSpec, Policy

from ..cli.conftest import kit as kit  # the fixture
from ..cli.kit import Kit, message


@pytest.mark.parametrize(
    ("options", "where", "fix"),
    [
        (["--workers", "2"], "execution.workers", "--backend processes"),
        (["--address", "auto"], "execution.address", "--backend ray"),
        (["--backend", "processes", "--address", "host:1"], "execution.address", "--backend ray"),
        (["--backend", "ray", "--address", "nonsense"], "--address", "auto, HOST:PORT or ray://HOST:PORT"),
        (["--backend", "ray", "--address", ""], "--address", "auto, HOST:PORT or ray://HOST:PORT"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    kit: Kit, capsys: pytest.CaptureFixture[str], options: list[str], where: str, fix: str
) -> None:
    for dry_run in ([], ["--dry-run"]):
        assert main([*kit.write(), *options, *dry_run]) == 2
        text = message(capsys.readouterr().err)
        assert where in text and fix in text
    assert not (kit.out / "report.json").exists()


def test_the_policy_chooses_and_the_options_override_it(kit: Kit) -> None:
    kit.policy["execution"] = {"backend": "processes", "workers": 1}
    arguments = kit.write()
    assert main([*arguments, "--workers", "2", "--quiet"]) == 0
    report = json.loads((kit.out / "report.json").read_text())
    assert report["run"]["execution"] == {"backend": "processes", "workers": 2}
    assert "execution" not in report["policy"]["effective"]
    digest = report["policy"]["digest"]
    assert main([*arguments, "--backend", "local", "--quiet"]) == 0
    report = json.loads((kit.out / "report.json").read_text())
    assert "execution" not in report["run"] and report["policy"]["digest"] == digest


@pytest.mark.parametrize("backend", ["local", "processes"])
def test_another_backend_has_not_the_workers_and_address_of_the_policy(kit: Kit, backend: str) -> None:
    kit.policy["execution"] = {"backend": "ray", "workers": 3, "address": "head:6379"}
    assert main([*kit.write(), "--backend", backend, "--dry-run", "--quiet"]) == 0


def test_without_ray_one_message_says_what_to_install(
    kit: Kit, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(AuditError) as caught, RayCluster(2, print):
        pass
    assert caught.value.where == "--backend ray"
    assert caught.value.fix == "pip install 'savedmodel-audit[ray]'"
    assert main([*kit.write(), "--backend", "ray", "--quiet"]) == 2
    assert "savedmodel-audit[ray]" in capsys.readouterr().err


WORKING = """
import sys
from {module} import {backend} as Backend
with Backend(1, print) as backend:
    print(list(backend.map(lambda part: sys.modules["cloudpickle"].__file__, range(2)))[0])
"""


@pytest.mark.parametrize(
    ("module", "backend", "address"),
    [
        ("audit.execution.processes", "Processes", ""),
        ("audit.execution.ray_cluster", "RayCluster", ""),
        ("audit.execution.ray_cluster", "RayCluster", "local"),
    ],
)
def test_modules_in_the_working_directory_are_not_those_of_workers(
    module: str, backend: str, address: str, tmp_path: Path
) -> None:
    """Unless they are those of the process that audits: a repository under test may hold any."""
    (tmp_path / "cloudpickle.py").write_text("raise SystemExit(7)", "utf-8")
    output = subprocess.run(
        [sys.executable, "-P", "-c", WORKING.format(module=module, backend=backend)],
        cwd=tmp_path,
        env={**os.environ, "RAY_ADDRESS": address},
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    assert output.strip() == cloudpickle.__file__


VARIABLES = """
import os, ray
from audit.execution.ray_cluster import RayCluster
os.environ["TF_OF_THE_NODE"] = "1"
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
del os.environ["TF_OF_THE_NODE"]
os.environ["TF_OF_THE_AUDIT"] = "1"
with RayCluster(1, print, "auto") as backend:
    for names in backend.map(lambda _: sorted(name for name in os.environ if "TF_OF" in name), range(2)):
        print(*names)
"""


def test_variables_that_decide_about_last_bits_are_those_of_the_process_that_audits() -> None:
    command = [sys.executable, "-c", VARIABLES]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert output.splitlines() == ["TF_OF_THE_AUDIT"] * 2


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port at which connections are accepted and nothing is answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


CONNECTING = """
import os, sys, time
from audit.errors import AuditError
from audit.execution.ray_cluster import RayCluster
start = time.monotonic()
try:
    RayCluster(2, print, sys.argv[1]).__enter__()
except AuditError as error:
    print(error.found, "in time" if time.monotonic() - start < 30 else "late", flush=True)
os._exit(0)  # Ray may still be trying
"""


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_cannot_be_reached_is_an_error_within_half_a_minute(
    scheme: str, silent_port: int
) -> None:
    """In a process of its own: what Ray goes on trying there would disturb clusters of other tests."""
    for port, reason in ((unused_port(), "refused"), (silent_port, "no answer")):
        command = [sys.executable, "-c", CONNECTING, f"{scheme}127.0.0.1:{port}"]
        output = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
        assert reason in output and output.endswith(" in time\n")


def test_a_cluster_that_cannot_start_here_is_not_looked_for_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = OSError("AF_UNIX path length cannot exceed 107 bytes")
    monkeypatch.setattr(ray_cluster, "_attempt", lambda *_: problem)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(AuditError, match="107 bytes") as caught, RayCluster(1, print):
        pass
    assert caught.value.where == "--backend ray" and "TMPDIR" in caught.value.fix


def test_workers_of_other_versions_are_refused() -> None:
    _require_same(versions())
    with pytest.raises(AuditError, match=r"tensorflow 1\.0"):
        _require_same({**versions(), "tensorflow": "1.0"})


def test_backends_by_name() -> None:
    assert isinstance(open_backend(ExecutionSpec(), print), LocalBackend)
    processes = open_backend(ExecutionSpec(backend="processes", workers=3), print)
    assert isinstance(processes, Processes) and processes.workers == 3
    assert isinstance(open_backend(ExecutionSpec(backend="ray", address="auto"), print), RayCluster)


def test_a_policy_names_known_backends_only() -> None:
    with pytest.raises(ValueError, match="backend"):
        ExecutionSpec.model_validate({"backend": "spark"})
    assert "execution" in Policy.model_fields


def test_gpus_are_named_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a list of devices in place of TensorFlow's own."""
    tf = tensorflow()
    devices = [SimpleNamespace(name="/physical_device:GPU:0", device_type="GPU")]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices if kind == "GPU" else [])
    details: dict[str, Any] = {"device_name": "NVIDIA H200"}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)
    assert execution_facts(LocalBackend()) == {"gpus": "NVIDIA H200"}
    assert execution_facts(Processes(2, print)) == {
        "backend": "processes",
        "workers": 2,
        "gpus": "NVIDIA H200",
    }


def test_from_python_the_policy_chooses_as_well(kit: Kit) -> None:
    kit.policy["execution"] = {"backend": "processes", "workers": 2}
    report = audit.run(kit.write()[1])
    assert report.run["execution"] == {"backend": "processes", "workers": 2}
