"""What pytest collects from a policy, and what it costs where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ..frameworks import FRAMEWORKS
from .sessions import PLUG_IN, session

ROOT = Path(__file__).parents[2]
POLICY = """\
version: 1
model: {path: no-model}
data:
  path: no-data.csv
  label: label
  protected: {sex: {privileged: Male}}
gate:
  rules:
    - {metric: performance.accuracy, at_least: 0.2}

    - metric: fairness.disparate_impact
      where: {attribute: sex}
      at_least: 0.8
    - {metric: performance.accuracy, at_least: 0.1}
  max_audits: 5
"""


def pytest_process(
    folder: Path, *arguments: str, path: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run pytest as a process of its own, with folders on its path."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *path]))}
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True)


def collected(policy: Path, *arguments: str) -> tuple[int, dict[str, int]]:
    """Return the exit code, and the line of each test by its id."""
    code, made = session(policy, "", "--collect-only", *(arguments or (policy.name,)))
    return code, {item.nodeid: item.reportinfo()[1] or 0 for item in made.collected}


def test_a_test_for_each_rule_at_its_line(tmp_path: Path) -> None:
    policy = tmp_path / "income.audit.yaml"
    policy.write_text(POLICY)
    code, lines = collected(policy)
    assert code == 0
    assert lines == {
        "income.audit.yaml::performance.accuracy": 8,
        "income.audit.yaml::fairness.disparate_impact[attribute=sex]": 10,
        "income.audit.yaml::performance.accuracy#2": 13,
        "income.audit.yaml::gate.max_audits": 14,
    }  # from 0, as pytest counts


def test_default_rules_are_tests_too(tmp_path: Path) -> None:
    policy = tmp_path / "audit.yaml"
    policy.write_text(POLICY.partition("gate:")[0])
    _, lines = collected(policy)
    assert [name.partition("::")[2] for name in lines] == [
        "performance.auc",
        "fairness.disparate_impact[attribute=sex]",
        "fairness.equal_opportunity_difference[attribute=sex]",
        "explainability.protected_share",
        "robustness.adversarial_accuracy[attack=worst,eps=0.1]",
    ]


HOSTILE = [
    "a::b",
    "a:b",
    "\x1b[31mred",
    "two\nlines",
    "x" * 5000,
    "<script>",
    "]]>",
    "\u202eright to left",
    "[",
    "::",
]


def test_names_from_the_policy_are_ids_that_can_be_chosen(tmp_path: Path) -> None:
    rules = [{"metric": "performance.accuracy", "at_least": 0.2, "id": name} for name in HOSTILE]
    where = {"attribute": "a::[b], c=d"}
    policy = tmp_path / "audit.yaml"
    rules.append({"metric": "fairness.disparate_impact", "where": where, "at_least": 0.8})
    data = {"path": "d.csv", "label": "y", "protected": {where["attribute"]: {"privileged": "1"}}}
    content = {"version": 1, "model": {"path": "m"}, "data": data, "gate": {"rules": rules}}
    policy.write_text(json.dumps(content))
    code, lines = collected(policy)
    assert code == 0 and len(lines) == len(HOSTILE) + 1
    assert all(name.isprintable() for name in lines)
    for name in lines:
        assert list(collected(policy, name)[1])[:1] == [name]


def test_only_a_policy_that_is_named_is_collected(tmp_path: Path) -> None:
    """An audit takes minutes, and needs the model: whoever runs all tests has not asked for it."""
    (tmp_path / "policies").mkdir()
    for name in ("audit.yaml", "income.audit.yaml", "other.yaml"):
        (tmp_path / "policies" / name).write_text(POLICY)
    policy = tmp_path / "policies" / "audit.yaml"
    assert collected(policy, ".") == (5, {})
    assert collected(policy, str(tmp_path)) == (5, {})
    assert len(collected(policy, "audit.yaml", "income.audit.yaml")[1]) == 8
    assert collected(policy, "other.yaml")[0] == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nmodle: {path: m}\n", ["audit.yaml:2", "did you mean 'model'?"]),
        (POLICY.replace("  rules:", "  ruels:"), ["audit.yaml:8", "did you mean 'rules'?"]),
        (
            POLICY.replace("performance.accuracy", "performance.accurcy"),
            ["did you mean 'performance.accuracy'?"],
        ),
        (POLICY.partition("  rules:")[0] + "  rules: []\n", ["audit.yaml: gate.rules", "at least one rule"]),
        (POLICY.partition("  rules:")[0] + "  {rules: [], max_audits: 3}\n", ["at least one rule"]),
        ("a: [", ["audit.yaml:1", "a YAML document"]),
        ("a\x1b[31m: 1\n", ["audit.yaml"]),
    ],
)
def test_a_policy_that_is_none_is_one_message(
    tmp_path: Path, text: str, message: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "audit.yaml"
    policy.write_text(text)
    code, made = session(policy, "", policy.name, "--color=no")
    printed = capsys.readouterr().out
    assert code == 2 and made.collected == []
    assert all(part in printed for part in message)
    assert printed.count("expected:") == 1 and "\x1b" not in printed
    assert "Traceback" not in printed and "audit/" not in printed


DUMP = """
import json, sys
def {}(session):
    json.dump(sorted(sys.modules), open("modules.json", "w"))
"""


def modules(folder: Path, *arguments: str) -> set[str]:
    """Return what a session has imported when it ends."""
    (folder / "conftest.py").write_text(DUMP.format("pytest_sessionfinish"))
    done = pytest_process(folder, *PLUG_IN, *arguments)
    assert done.returncode == 0, done.stdout
    return set(json.loads((folder / "modules.json").read_text()))


def test_without_a_policy_nothing_of_the_package_is_imported(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    (tmp_path / "audit.yaml").write_text(POLICY)
    names = modules(tmp_path)
    light = {
        "audit",
        "audit.errors",
        "audit.version",
        "audit.integrations",
        "audit.integrations.pytest_plugin",
    }
    assert {name for name in names if name.partition(".")[0] == "audit"} == light
    assert names.isdisjoint(
        FRAMEWORKS | {"numpy", "scipy", "pydantic", "ruamel", "filelock", "jinja2", "typer"}
    )


def test_reading_a_policy_imports_no_framework(tmp_path: Path) -> None:
    (tmp_path / "audit.yaml").write_text(POLICY)
    names = modules(tmp_path, "--collect-only", "audit.yaml")
    assert "pydantic" in names and names.isdisjoint({"tensorflow", "keras", "aif360", "shap", "cleverhans"})


def test_the_entry_point_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"audit": "audit.integrations.pytest_plugin"}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder on the path that declares the entry point, as an installed package does."""
    metadata = tmp_path / "site" / "somebody-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text("[pytest11]\naudit = audit.integrations.pytest_plugin\n")
    return metadata.parent


@pytest.mark.parametrize("also", ["the entry point alone", "-p", "conftest", "-p no"])
def test_the_entry_point_may_come_with_other_ways_to_load_it(
    tmp_path: Path, installed: Path, also: str
) -> None:
    (tmp_path / "audit.yaml").write_text(POLICY)
    if also == "conftest":
        (tmp_path / "conftest.py").write_text(f"pytest_plugins = [{PLUG_IN[1]!r}]\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    options = {"-p": PLUG_IN, "-p no": ("-p", "no:audit")}.get(also, ())
    done = pytest_process(tmp_path, *options, "--collect-only", "-q", "audit.yaml", path=(installed,))
    if also == "-p no":
        assert done.returncode == 4 and "not found" in done.stderr
    else:
        assert done.returncode == 0 and "4 tests collected" in done.stdout
