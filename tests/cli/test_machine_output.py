"""`--json`, `--dry-run`, `--version`, `-h`, and the rules that `audit checks` offers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from audit.check import entry_points
from audit.cli import main
from audit.cli.app import app
from audit.data.readers.registry import _READERS
from audit.result import GROUP_KEYS
from audit.version import __version__

from ..conftest import Models
from . import plugins
from .kit import Kit

Captured = pytest.CaptureFixture[str]
CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
COMMANDS = [c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands]
BUILT_IN = ("performance", "fairness", "explainability", "robustness", "slices")


def printed(capsys: Captured, *arguments: str) -> tuple[int, Any]:
    """Run a command whose standard output is one JSON document; return exit code and document."""
    code = main(list(arguments))
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def full(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """An audit by all four checks under the rules that `audit checks` offers to copy."""
    kit = Kit(tmp_path_factory.mktemp("full"), model)
    kit.policy["checks"] = {"explainability": {"rows": 20}, "robustness": {"rows": 20}}
    kit.policy["gate"]["rules"] = [
        YAML(typ="safe").load(entry_points.check_class(n).example) for n in BUILT_IN
    ]
    main([*kit.write(), "--quiet"])
    return kit


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_rule_to_copy_covers_a_measurement(full: Kit, capsys: Captured, name: str) -> None:
    main(["checks", name])
    (rule,) = YAML(typ="safe").load(capsys.readouterr().out.splitlines()[-1])
    report = json.loads((full.out / "report.json").read_text())
    (decided,) = [each for each in report["rules"] if each["metric"] == rule["metric"]]
    assert decided["where"] == rule.get("where", {}) and decided["measurements"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_keys_of_where_are_those_of_the_measurements(full: Kit, capsys: Captured, name: str) -> None:
    _, facts = printed(capsys, "checks", name, "--json")
    keys = {metric["name"]: set(metric["where"]) for metric in facts["metrics"]}
    report = json.loads((full.out / "report.json").read_text())
    (check,) = [check for check in report["checks"] if check["name"] == name]
    used: dict[str, set[str]] = {}
    for measurement in check["measurements"]:
        used.setdefault(measurement["metric"], set()).update(measurement["where"])
    assert used and used == {metric: keys[metric] for metric in used}
    page = (main(["checks", name]), capsys.readouterr().out)[1]
    for metric, named in keys.items():
        section = page.partition(f"  {metric}\n")[2].partition(f"\n  {name}.")[0]
        assert ("Keys of where:" in section) == bool(named)


def test_a_plug_in_gets_a_rule_as_well(kit: Kit, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(monkeypatch, plugins.Fine)
    main(["checks", "fine"])
    kit.policy["gate"]["rules"] = YAML(typ="safe").load(capsys.readouterr().out.splitlines()[-1])
    code, summary = printed(capsys, *kit.write(), "--json")
    assert code == 0 and summary["rules"][0]["measurements"][0]["value"] == 1.0


def test_all_checks_for_machines(capsys: Captured) -> None:
    code, facts = printed(capsys, "checks", "--json")
    assert code == 0 and [check["name"] for check in facts] == list(entry_points.installed())
    assert all(check["example"] and check["metrics"] for check in facts)


@pytest.mark.parametrize("least", [0.2, 0.999])
def test_run_and_gate_for_machines(kit: Kit, capsys: Captured, least: float) -> None:
    kit.policy["gate"]["rules"][0]["at_least"] = least
    code, summary = printed(capsys, *kit.write(), "--json")
    report = json.loads((kit.out / "report.json").read_text())
    assert code == CODES[summary["verdict"]] == summary["exit_code"]
    assert summary["verdict"] == report["verdict"] and summary["warnings"] == report["warnings"]
    assert [rule["status"] for rule in summary["rules"]] == [rule["status"] for rule in report["rules"]]
    assert summary["model"]["digest"] == report["model"]["digest"]
    assert all(Path(file).is_file() for file in summary["files"])
    again, decision = printed(capsys, "gate", str(kit.out / "report.json"), "--json")
    assert again == code and decision["rules"] == summary["rules"]


def test_bad_input_leaves_standard_output_empty(capsys: Captured) -> None:
    assert main(["run", "nowhere.yaml", "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "nowhere.yaml" in captured.err


def test_verbose_lists_every_measurement(kit: Kit, capsys: Captured) -> None:
    kit.policy["data"]["protected"]["race"] = {"privileged": "White"}
    kit.policy["gate"]["rules"][1]["where"] = {"attribute": "*"}
    assert main(kit.write()) in (0, 3)
    assert "digest" not in capsys.readouterr().out
    main(["gate", str(kit.out / "report.json"), "--verbose"])
    text = capsys.readouterr().out
    report = json.loads((kit.out / "report.json").read_text())
    for measurement in report["rules"][1]["measurements"]:
        assert f"{measurement['where']['unprivileged']} against" in text
    assert report["model"]["digest"][:20] in text


def test_a_dry_run_measures_and_writes_nothing(kit: Kit, capsys: Captured, history: Path) -> None:
    kit.policy["checks"] = {}
    arguments = kit.write()
    before = sorted(kit.folder.rglob("*"))
    counted = history.read_text() if history.exists() else ""
    assert main([*arguments, "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert sorted(kit.folder.rglob("*")) == before
    assert (history.read_text() if history.exists() else "") == counted
    assert "300 rows, 2 rules" in text and "Nothing was measured or written" in text
    for name in BUILT_IN:
        assert re.search(rf"^  {name} +\d.* (s|min)$", text, re.M)


def test_the_evaluations_are_in_the_planned_range(kit: Kit, capsys: Captured) -> None:
    """Of a model of few features, whose coalitions are enumerated, it is one number."""
    kit.policy["checks"] = {"robustness": False, "explainability": {"rows": 50, "references": 10}}
    arguments = kit.write()
    code, plan = printed(capsys, *arguments, "--dry-run", "--json")
    assert code == 0 and not kit.out.exists()
    least, most = next(step["evaluations"] for step in plan["steps"] if step["name"] == "explainability")
    main([*arguments, "--quiet"])
    report = json.loads((kit.out / "report.json").read_text())
    notes = " ".join(note for check in report["checks"] for note in check["notes"])
    number = float(re.search(r"multiply-adds: (\S+) model evaluations", notes)[1].replace(",", ""))  # type: ignore[index]
    assert least <= number * 1.05 and number <= most * 1.05
    assert [step["name"] for step in plan["steps"]] == [
        "scoring",
        "performance",
        "fairness",
        "explainability",
        "slices",
    ]


def test_a_dry_run_says_what_would_halve_a_check(kit: Kit, capsys: Captured) -> None:
    """Each setting that it names does so; and the input is as large as the model reads it."""
    kit.policy["checks"] = {"explainability": {"rows": 40, "references": 30}, "robustness": {"rows": 100}}
    arguments = kit.write()
    _, plan = printed(capsys, *arguments, "--dry-run", "--json")
    steps = {step["name"]: step for step in plan["steps"]}
    columns = 2  # of 32-bit floats
    for name in ("scoring", "explainability", "robustness"):
        assert steps[name]["input_bytes"] == [4 * columns * number for number in steps[name]["evaluations"]]
    for name in ("explainability", "robustness"):
        assert steps[name]["halved_by"]
        for setting in steps[name]["halved_by"]:
            _, half = printed(capsys, *arguments, "--set", setting, "--dry-run", "--json")
            evaluations = next(step["evaluations"] for step in half["steps"] if step["name"] == name)
            assert evaluations[1] <= 0.6 * steps[name]["evaluations"][1]
    assert plan["backend"] == "local" and plan["workers"] == 1
    _, plan = printed(capsys, *arguments, "--backend", "processes", "--workers", "3", "--dry-run", "--json")
    assert (plan["backend"], plan["workers"]) == ("processes", 3)


def test_a_dry_run_refuses_what_a_run_refuses(kit: Kit, capsys: Captured) -> None:
    arguments = kit.write()
    assert main([*arguments, "--dry-run", "--only", "fairnes"]) == 2
    assert "did you mean 'fairness'" in capsys.readouterr().err
    assert main([*arguments, "--dry-run", "--set", "model.path=nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main([*arguments, "--dry-run", "--set", "model.baseline=nowhere"]) == 2
    assert "model.baseline" in capsys.readouterr().err


def test_a_file_is_planned_once(kit: Kit, capsys: Captured) -> None:
    kit.policy["report"] = {"formats": ["junit", "html", "junit"]}
    _, plan = printed(capsys, *kit.write(), "--dry-run", "--json")
    assert [Path(file).name for file in plan["files"]] == ["report.json", "junit.xml", "report.html"]


def test_the_version(capsys: Captured) -> None:
    for option in ("--version", "-V"):
        assert main([option]) == 0
        assert capsys.readouterr() == (f"savedmodel-audit {__version__}\n", "")


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_h_is_help_everywhere(capsys: Captured, name: str | None) -> None:
    command = [name] if name else []
    texts = []
    for option in ("-h", "--help"):
        assert main([*command, option]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert "Usage: audit" in texts[0]


def test_the_help_of_init_names_every_kind_of_file(capsys: Captured) -> None:
    assert main(["init", "--help"]) == 0
    text = capsys.readouterr().out
    assert [suffix for suffix in _READERS if f"{suffix} " not in text.replace(",", " ")] == []


def test_a_mistyped_command_is_corrected(capsys: Captured) -> None:
    assert main(["rnu"]) == 2
    assert "Did you mean 'run'" in capsys.readouterr().err


def test_group_keys_are_those_that_the_page_names(capsys: Captured) -> None:
    main(["checks", "fairness"])
    assert f"({', '.join(('attribute', 'group', 'unprivileged', 'privileged'))})" in capsys.readouterr().out
    assert {"attribute", "group", "unprivileged", "privileged"} == GROUP_KEYS
