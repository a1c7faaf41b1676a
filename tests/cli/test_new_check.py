"""`audit new-check`: what it writes can be installed, conforms and is clean; what it refuses leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.cli import main

from ..wheels import ROOT, clean_environment, environment, install

FILES = ["README.md", "pyproject.toml", "src/demo/__init__.py", "tests/test_demo.py"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_it_writes_a_package_and_says_what_to_do_next(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-check", "demo"]) == 0
    assert written(here) == [f"demo/{file}" for file in FILES]
    out = capsys.readouterr().out
    assert "Next: pip install --editable ./demo && audit checks demo && pytest demo" in out
    assert all(file in out for file in FILES)


def test_no_placeholder_is_left_and_no_path_of_this_machine(here: Path) -> None:
    assert main(["new-check", "worst_group"]) == 0
    for file in written(here):
        text = (here / file).read_text("utf-8")
        assert "$" not in text and str(ROOT) not in text and "demo" not in text
    assert "class WorstGroupCheck(Check)" in (here / "worst_group/src/worst_group/__init__.py").read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Demo", "lower-case letters"),
        ("1st", "lower-case letters"),
        ("my-check", "lower-case letters"),
        ("a.b", "lower-case letters"),
        ("../above", "lower-case letters"),
        ("größe", "lower-case letters"),
        ("demo\n", "lower-case letters"),
        ("", "lower-case letters"),
        ("a_", "lower-case letters"),
        ("a" * 41, "up to 40 lower-case letters"),
        ("class", "no keyword of Python"),
        ("tests", "does not begin with 'test'"),
        ("fairness", "the check 'fairness' (audit.checks.fairness:Fairness)"),
        ("json", "the module 'json' of its standard library"),
        ("numpy", "the package 'numpy'"),
        ("audit", "the package 'audit'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    assert main(["new-check", name]) == 2
    err = capsys.readouterr().err
    assert reason in err and "expected:" in err and "do:" in err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_what_exists_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    place = here / "demo"
    make: dict[str, Callable[[], None]] = {
        "directory": place.mkdir,
        "file": place.touch,
        "link": lambda: place.symlink_to("nowhere"),
    }
    make[kind]()
    assert main(["new-check", "demo"]) == 2
    assert "'demo', which exists" in capsys.readouterr().err
    assert [path.name for path in here.rglob("*")] == ["demo"]


def test_nothing_is_left_half_written(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["new-check", "demo"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_the_package_is_typed_formatted_and_without_lint(here: Path) -> None:
    assert main(["new-check", "demo"]) == 0
    package = here / "demo"
    style = ["--isolated", "--line-length", "110"]
    rules = ["--select", "E,F,I,B,UP,SIM,C4,RUF,PT"]
    for command in (
        ["ruff", "check", *style, *rules, "."],
        ["ruff", "format", *style, "--check", "."],
        ["mypy", f"--config-file={os.devnull}", "--strict", "--cache-dir", os.devnull, "src", "tests"],
    ):
        where = {**os.environ, "MYPYPATH": os.pathsep.join([str(package / "src"), str(ROOT)])}
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=package, capture_output=True, text=True, env=where
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_installed_from_the_wheel_it_is_listed_and_passes_its_tests(wheel: Path, tmp_path: Path) -> None:
    """The commands that `audit new-check` says are next, without a package index."""
    python = clean_environment(tmp_path / "env", wheel)
    here = tmp_path / "here"
    here.mkdir()

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, env=environment())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    audit = str(Path(python).with_name("audit"))
    run(audit, "new-check", "demo")
    install(python, str(here / "demo"))
    assert "demo.unsure_share" in run(audit, "checks", "demo")
    assert "How many rows the model is unsure about" in run(audit, "checks")
    assert "2 passed" in run(python, "-m", "pytest", "-p", "no:cacheprovider", "demo")
    where = run(python, "-c", "import demo, audit; print(demo.__file__, audit.__file__)")
    assert str(ROOT) not in where and where.count("site-packages") == 2
