"""The plug-in in examples/, installed as a package: its own tests pass, and an audit reports what counting gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from ..audits import GIVEN, content, people, store
from ..conftest import Models
from ..wheels import ROOT, install

PLUGIN = ROOT / "examples" / "plugins" / "equalized_odds"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed package, for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("site")
    install(sys.executable, str(PLUGIN), "--target", str(folder))
    return folder


def run(installed: Path, *command: str, code: int = 0) -> str:
    path = os.pathsep.join([str(installed), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass_on_the_installed_package(installed: Path) -> None:
    arguments = [
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={PLUGIN}",
        "-c",
        str(PLUGIN / "pyproject.toml"),
    ]
    assert "5 passed" in run(installed, *arguments, "--import-mode=importlib", str(PLUGIN / "tests"))


def test_it_is_listed_with_its_page(installed: Path) -> None:
    page = run(installed, "audit", "checks", "equalized_odds")
    assert "min_rows = 30" in page and "equalized_odds.worst_ratio" in page


def test_an_audit_decides_on_what_counting_gives(installed: Path, model: Models, tmp_path: Path) -> None:
    rows = people(2000)
    policy = content(
        model("given"), store(rows, tmp_path), spec=GIVEN, protected={"race": {"privileged": "White"}}
    )
    metric = "equalized_odds.worst_ratio"
    policy["gate"] = {"rules": [{"metric": metric, "where": {"attribute": "race"}, "at_least": 0.1}]}
    file = tmp_path / "audit.yaml"
    file.write_text(json.dumps(policy), "utf-8")  # JSON is YAML
    run(installed, "audit", "run", str(file), "--out", str(tmp_path / "out"), "--only", "equalized_odds")
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [rule["status"] for rule in report["rules"]] == ["pass"]
    (check,) = report["checks"]
    (measured,) = check["measurements"]
    value, low, high = counted(rows)
    assert measured["value"] == pytest.approx(value, rel=1e-9)
    assert measured["ci"] == pytest.approx([low, high], rel=1e-6)


def counted(rows: Any) -> tuple[float, float, float]:
    """Return the ratio and its limits: rates by pandas, exact intervals by scipy, six at once."""
    results = []
    for label in (1, 0):
        groups = (rows["score"] >= 0.5)[rows["label"] == label].groupby(rows["race"]).agg(["sum", "count"])
        tests = [binomtest(int(k), int(n)).proportion_ci(1 - 0.05 / 6) for k, n in groups.to_numpy()]
        shares = groups["sum"] / groups["count"]
        low = min(test.low for test in tests) / max(test.high for test in tests)
        high = min(1, min(test.high for test in tests) / max(test.low for test in tests))
        results.append((shares.min() / shares.max(), low, high))
    value, low, high = (min(part) for part in zip(*results, strict=True))
    return value, low, high
