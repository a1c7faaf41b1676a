"""What contributors are told holds: targets, hooks, templates, pinned tools, and where the platforms are stated."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from .test_docs import PAGES

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)


def test_make_lists_every_target_and_what_it_does() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert [name for name, _ in listed] == list(dict.fromkeys(TARGETS))
    assert all(len(about) > 10 for _, about in listed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_names_targets_that_there_are(page: Path) -> None:
    named = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), flags=re.MULTILINE)
    assert set(named) <= set(TARGETS)


def test_every_tool_of_development_is_pinned_and_is_the_one_that_runs() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    pinned = {
        name.lower().replace("_", "-"): exact for name, _, exact in (line.partition("==") for line in lines)
    }
    for text in PROJECT["project"]["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        exact = pinned[requirement.name.lower().replace("_", "-")]
        assert exact in requirement.specifier
        assert version(requirement.name) == exact, (
            f"{requirement.name}: run `make check` to set up .venv anew"
        )


def test_hooks_run_what_make_check_runs() -> None:
    (local,) = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    commands = {" ".join(hook["entry"].split()[:2]).removeprefix(".venv/bin/") for hook in local["hooks"]}
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    for command in commands:
        assert f"$(RUN)/{command}" in recipe
        assert Path(sys.executable).with_name(command.split()[0]).exists()


def test_templates_of_issues_are_forms() -> None:
    folder = ROOT / ".github" / "ISSUE_TEMPLATE"
    forms = [
        YAML(typ="safe").load(file.read_text("utf-8"))
        for file in folder.glob("*.yml")
        if file.stem != "config"
    ]
    assert len(forms) == 2
    for form in forms:
        assert form["name"] and form["description"]
        identified = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(set(identified)) == len(identified) > 0
        assert all(field["attributes"].get("label") for field in form["body"] if field["type"] != "markdown")


def test_every_warning_that_is_let_pass_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8").partition("filterwarnings = [")[2].partition("\n]")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines[0] == '"error",'
    reason = ""
    for line in lines[1:]:
        reason = line if line.startswith("#") else reason
        assert reason or "#" in line, line


def test_the_glossary_is_in_order_and_one_sentence_each() -> None:
    rows = re.findall(
        r"^\| (.+?) \| (.+) \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), flags=re.MULTILINE
    )[2:]
    terms = [term.strip("`").lower() for term, _ in rows]
    assert len(terms) > 30 and terms == sorted(terms)
    assert not [term for term, meaning in rows if ". " in meaning]
