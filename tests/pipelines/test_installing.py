"""The action's installation and the check of a release's wheel, without a package index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.version import __version__

from ..wheels import ROOT, clean_environment, environment
from .jobs import ACTION, INSTALLS, SHELL

OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # as pip reads it: none
}


def test_the_audit_has_an_environment_of_its_own_and_only_its_command_is_offered(tmp_path: Path) -> None:
    """Also a plug-in of the input, in a folder with a space in its name."""
    plug_in = tmp_path / "a plug-in $(touch pwned)"
    (plug_in / "dist").mkdir(parents=True)
    (plug_in / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "a-plug-in"\nversion = "1"\n[tool.hatch.build.targets.wheel]\ninclude = ["a_plug_in.py"]\n'
    )
    (plug_in / "a_plug_in.py").write_text("")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (step,) = [step for step in ACTION["runs"]["steps"] if step["name"] == INSTALLS]
    places = {"RUNNER_TEMP": str(tmp_path / "runner temp"), "GITHUB_PATH": str(tmp_path / "path")}
    (tmp_path / "runner temp").mkdir()
    (tmp_path / "step.sh").write_text(step["run"])
    env = environment() | OFFLINE | places | {
        "AUDIT_PYTHON": sys.executable,
        "GITHUB_ACTION_PATH": str(ROOT),
        "INPUT_PACKAGES": f"'{plug_in}'",
        "PYTHONPATH": os.pathsep.join(borrowed),
    }  # fmt: skip
    done = subprocess.run(
        [*SHELL, str(tmp_path / "step.sh")], env=env, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folder = Path((tmp_path / "path").read_text("utf-8").rstrip("\n"))
    assert [file.name for file in folder.iterdir()] == ["audit"]
    python = (folder / "audit").resolve().parent / "python"
    code = "import audit, a_plug_in, sys; print(audit.__file__, a_plug_in.__file__, sep='\\n')"
    where = subprocess.run(
        [python, "-P", "-c", code], env=env, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert all(line.startswith(str(tmp_path / "runner temp")) for line in where.stdout.splitlines())
    assert not list(tmp_path.rglob("pwned"))
    shown = subprocess.run(
        [folder / "audit", "checks"], env=env, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "fairness" in shown.stdout


def test_what_pip_refuses_fails_the_step_and_offers_nothing(tmp_path: Path) -> None:
    env = environment() | OFFLINE | {"RUNNER_TEMP": str(tmp_path), "GITHUB_PATH": str(tmp_path / "path")}
    env |= {"INPUT_PACKAGES": str(tmp_path / "nothing")}
    done = subprocess.run(
        [sys.executable, ROOT / "action" / "install.py"], env=env, capture_output=True, text=True
    )
    assert done.returncode != 0 and not (tmp_path / "path").exists()


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), (__version__, 1), ("v99.0.0", 1)])
def test_a_release_is_refused_whose_tag_is_not_the_wheels_version(
    clean: str, tmp_path: Path, tag: str, code: int
) -> None:
    script = ROOT / ".github" / "scripts" / "check_wheel.py"
    done = subprocess.run(
        [clean, "-P", script, tag], env=environment(), capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert code == 0 or f"the tag is {tag}, the wheel's version {__version__}" in done.stdout


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return clean_environment(tmp_path_factory.mktemp("release") / "env", wheel)
