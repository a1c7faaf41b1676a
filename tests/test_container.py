"""The Dockerfile, as far as it can be tried without Docker: its instructions, its commands, a read-only system."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from .audits import GIVEN, content, people, store
from .conftest import Models
from .wheels import ROOT


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage of the build, with their arguments."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    result: list[list[tuple[str, str]]] = []
    for word, arguments in lines:
        if word == "FROM":
            result.append([])
        result[-1].append((word, arguments))
    return result


def arguments(stage: int, word: str) -> list[str]:
    return [text for name, text in stages()[stage] if name == word]


def variables() -> dict[str, str]:
    (text,) = arguments(-1, "ENV")
    return dict(pair.split("=", 1) for pair in shlex.split(text))


def test_it_runs_the_command_as_a_user_without_rights() -> None:
    assert [arguments(stage, "FROM")[0].split()[0] for stage in (0, 1)] == ["python:3.11-slim"] * 2
    words = [word for word, _ in stages()[-1]]
    (user,) = arguments(-1, "USER")
    (useradd,) = [run for run in arguments(-1, "RUN") if run.startswith("useradd")]
    assert int(user) > 0 and f"--uid {user} " in useradd
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in ("RUN", "COPY"))
    (entry,) = json.loads(arguments(-1, "ENTRYPOINT")[0])
    assert entry in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert any("--constraint /wheels/constraints.txt" in run for run in arguments(-1, "RUN"))


def test_what_libraries_write_does_not_go_home() -> None:
    given = variables()
    caches = [value for name, value in given.items() if name.endswith(("HOME", "DIR")) and name != "HOME"]
    assert len(caches) == 3 and all(value.startswith("/tmp/") for value in caches)


def sources() -> list[str]:
    return [source for copy in arguments(0, "COPY") for source in copy.split()[:-1]]


def test_what_is_copied_is_there_and_not_left_out() -> None:
    kept = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(kept) == sorted(sources())
    assert all((ROOT / source).exists() for source in sources())


def test_the_wheel_builds_from_what_is_copied_alone(wheel: Path, tmp_path: Path) -> None:
    """By the Dockerfile's own command."""
    for source in sources():
        target = tmp_path / "source" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, target)
    (command,) = [run for run in arguments(0, "RUN") if run.startswith("pip wheel")]
    words = shlex.split(command.replace("/wheels", str(tmp_path / "wheels")))
    subprocess.run([sys.executable, "-m", *words], cwd=tmp_path / "source", check=True, capture_output=True)
    (built,) = (tmp_path / "wheels").iterdir()
    assert zipfile.ZipFile(built).namelist() == zipfile.ZipFile(wheel).namelist()


READ_ONLY = (
    'mount -o remount,bind,ro / && mount -t tmpfs tmpfs "$OUT" && mkdir "$OUT/tmp" && cd / && exec "$@"'
)
"""What ``docker run --read-only`` does, for one process: only ``$OUT`` can be written."""


def read_only(out: Path, *command: str) -> list[str]:
    """Return a command that runs in a mount namespace of its own."""
    return ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", *command]


def test_it_audits_on_a_read_only_system(model: Models, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("this system has no 'unshare'")
    given = {name: value.replace("/tmp", str(out / "tmp")) for name, value in variables().items()}
    environment = {
        **os.environ,
        **given,
        "HOME": "/",
        "OUT": str(out),
        "TMPDIR": str(out / "tmp"),
        "PYTHONPATH": str(ROOT),
    }
    for name in ("AUDIT_HISTORY", "XDG_STATE_HOME"):
        environment.pop(name, None)
    probe = subprocess.run(
        read_only(out, "sh", "-c", "! touch /probe"), capture_output=True, text=True, env=environment
    )
    if probe.returncode:
        pytest.skip(f"this system gives no mount namespaces: {probe.stderr.strip()}")
    policy = content(model("given"), store(people(400), tmp_path), spec=GIVEN)
    policy["checks"] = {"explainability": {"rows": 20}, "robustness": {"rows": 20}}  # what keeps caches
    policy["gate"] = {"rules": [{"metric": "performance.accuracy", "at_least": 0.1}]}
    (tmp_path / "audit.yaml").write_text(json.dumps(policy), "utf-8")  # JSON is YAML
    audit = f"{sys.executable} -m audit run {tmp_path / 'audit.yaml'} --out {out / 'report'} --quiet"
    shell = f"{audit} && cat {out / 'report' / 'report.json'}"
    done = subprocess.run(read_only(out, "sh", "-c", shell), capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "pass"
    assert "Read-only file system" in report["run"]["history"]["problem"]
    assert "Read-only file system" in done.stderr and "Traceback" not in done.stderr
