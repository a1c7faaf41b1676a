"""Whatever pages that teach tell a reader to type or to write is accepted, as far as no model is needed for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audit.check import load_policy
from audit.cli import exit_codes

from .pages import ROOT
from .snippets import KINDS, PAGES, Snippet, shape, snippets, source

POLICY = """\
version: 1
model: {path: model}
data: {path: data.csv, label: label, protected: {sex: {privileged: Male}, race: {privileged: White}}}
"""
"""What rules of a page are written into."""


def every(*kinds: str) -> list[Snippet]:
    return [snippet for page in PAGES for snippet in snippets(page, *kinds)]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_has_its_check(page: str) -> None:
    blocks = re.findall(r"^```\w+$", source(page).read_text("utf-8"), flags=re.MULTILINE)
    tables = {"codes", "table"}
    assert len([s for s in snippets(page) if s.kind not in tables]) == len(blocks)
    assert {s.kind for s in snippets(page)} <= KINDS


@pytest.mark.parametrize("snippet", every("rules"), ids=lambda s: f"{s.page}: {s.text.splitlines()[0][:60]}")
def test_rules_are_valid(tmp_path: Path, snippet: Snippet) -> None:
    file = tmp_path / "audit.yaml"
    file.write_text(POLICY + snippet.text, "utf-8")
    policy = load_policy(file)
    assert policy.gate and policy.gate.rules


@pytest.mark.parametrize("snippet", every("policy"), ids=lambda s: s.text.splitlines()[2].strip())
def test_policies_are_valid(tmp_path: Path, snippet: Snippet) -> None:
    file = tmp_path / "audit.yaml"
    file.write_text(snippet.text, "utf-8")
    assert load_policy(file).gate


def test_what_is_installed_is_there() -> None:
    (snippet,) = every("install")
    extras = re.findall(r"\.\[([\w,]+)\]", snippet.text)
    assert "-c constraints.txt" in snippet.text and (ROOT / "constraints.txt").is_file() and not extras


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    (snippet,) = every("codes")
    listed = [int(line.split("|")[1]) for line in snippet.text.splitlines()[2:]]
    known = ("PASS", "FAIL", "COULD_NOT_AUDIT", "INCONCLUSIVE", "TOOL_FAULT", "INTERRUPTED")
    assert listed == [getattr(exit_codes, name) for name in known]


def test_numbers_of_any_form_have_one_shape() -> None:
    assert shape("0.306 (−0.281 to 0.331), n 3,009") == shape("1.2 (0.1 to −0.3), n 12")
    assert shape("PASS: 5 of 5 rules hold") != shape("FAIL: 5 of 5 rules hold")
