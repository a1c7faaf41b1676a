"""What real processes import to start, to print help and to decide, by their own account."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.formats.registry import FORMATS

from .frameworks import FRAMEWORKS

ROOT = Path(__file__).parent.parent
HEAVY = FRAMEWORKS | {"numpy", "scipy", "jinja2", "PIL", "filelock", "platformdirs"}


def loaded(*arguments: str) -> set[str]:
    """Return the top-level modules that a fresh process imports, by its own account."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["-c", "import audit"], HEAVY | {"pydantic"}),
        (["-m", "audit", "--help"], HEAVY | {"pydantic"}),
        (["-m", "audit", "run", "--help"], HEAVY),
    ],
)
def test_importing_and_help_import_nothing_heavy(arguments: list[str], heavy: set[str]) -> None:
    names = loaded(*arguments)
    assert "audit" in names
    assert names & heavy == set()


def test_deciding_in_a_fresh_process_loads_no_framework() -> None:
    modules = "audit.result, audit.policy, audit.gate.verdict, audit.stats, audit.formats.html.page"
    names = loaded("-c", f"import {modules}")
    assert "jinja2" in names
    assert names & (FRAMEWORKS | {"PIL"}) == set()  # Pillow is for the few pages that show pictures


@pytest.mark.parametrize("name", FORMATS)
def test_rendering_loads_no_framework(name: str) -> None:
    render = f"FORMATS[{name!r}].render(small())"
    imports = "from audit.formats.registry import FORMATS; from tests.formats.html.samples import small"
    assert loaded("-c", f"{imports}; {render}") & (FRAMEWORKS | {"PIL"}) == set()


def test_listing_checks_and_schemas_starts_no_tensorflow() -> None:
    for arguments in (["checks"], ["checks", "fairness"], ["schema", "policy"], ["schema", "report"]):
        assert loaded("-m", "audit", *arguments) & {"tensorflow", "keras", "aif360"} == set()


def test_help_answers_in_half_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    """The least of five: what the machine does besides only adds."""
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "audit", "--help"], cwd=ROOT, capture_output=True, check=True)
        seconds.append(time.perf_counter() - started)
    with capsys.disabled():
        print(f"\naudit --help: {min(seconds):.3f} s, the least of {len(seconds)}")
    assert min(seconds) < 0.5


COMMANDS = [
    ["run"],
    ["init", "no-model", "no.csv", "--label", "y"],
    ["inspect", "no-model"],
    ["selftest", "no.yaml"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_the_first_output_comes_before_anything_heavy_is_imported(
    tmp_path: Path, arguments: list[str]
) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "audit", *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stdout == ""
    before, _, _ = done.stderr.partition("audit: opening")
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in before.splitlines()}
    assert "typer" in names and names & (HEAVY | {"ruamel"}) == set()


def test_quiet_prints_no_first_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "audit", "run", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "opening" not in done.stderr and "audit.yaml" in done.stderr
