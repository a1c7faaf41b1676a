"""The line of each rule in the file, for formats that point there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from audit.check import load_policy, policy_from
from audit.policy.file_lines import FileLines
from audit.result import MAX_AUDITS

from .examples import FULL, LEAST, written

RULES = """\
gate:
  max_audits: 3
  # the limit of 2025
  rules:

    - {metric: performance.accuracy, at_least: 0.8}
    - metric: performance.auc
      at_least: 0.6
    - {metric: performance.auc,
       at_least: 0.7}
"""
FIRST = LEAST.count("\n") + 1


def lines(folder: Path, text: str, *overrides: str) -> dict[str, int]:
    return load_policy(written(folder, text), overrides).rule_lines


def test_a_rule_has_the_line_on_which_it_begins(tmp_path: Path) -> None:
    assert lines(tmp_path, LEAST + RULES) == {
        "performance.accuracy": FIRST + 5,
        "performance.auc": FIRST + 6,
        "performance.auc#2": FIRST + 8,
        MAX_AUDITS: FIRST + 1,
    }


def test_every_rule_of_a_whole_policy(tmp_path: Path) -> None:
    text = FULL.splitlines()
    placed = lines(tmp_path, FULL)
    assert len(placed) == 4
    assert all(rule.partition("[")[0] in text[line - 1] or rule == "ranks" for rule, line in placed.items())


def test_an_overridden_rule_keeps_its_line_and_a_replaced_list_has_that_of_its_key(tmp_path: Path) -> None:
    text = LEAST + RULES
    assert lines(tmp_path, text, "gate.rules.0.at_least=0.9")["performance.accuracy"] == FIRST + 5
    replaced = lines(tmp_path, text, "gate.rules=[{metric: performance.rows, at_least: 5}]")
    assert replaced == {"performance.rows": FIRST + 3, MAX_AUDITS: FIRST + 1}


def test_default_rules_have_the_nearest_line(tmp_path: Path) -> None:
    assert set(lines(tmp_path, LEAST).values()) == {1}
    assert set(lines(tmp_path, LEAST + "gate:\n  min_rows: 7\n").values()) == {FIRST}


def test_a_policy_that_is_no_file_has_no_lines() -> None:
    assert policy_from(YAML(typ="safe").load(LEAST + RULES)).rule_lines == {}


@pytest.mark.parametrize("text", ["", "a", "- 1", "a: [1, 2]\n", "gate: {rules: 3}"])
def test_a_text_without_rules_has_none(text: str) -> None:
    assert FileLines(text).of_rules(2, ()).rules == (FileLines(text).nearest(("gate", "rules")) or 1,) * 2


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_gaps_between_rules_do_not_shift_them(gaps: list[int]) -> None:
    text = "gate:\n  rules:\n" + "".join("\n" * gap + f"    - {{id: r{i}}}\n" for i, gap in enumerate(gaps))
    by_text = [text[: text.index(f"r{i}}}")].count("\n") + 1 for i in range(len(gaps))]
    assert list(FileLines(text).of_rules(len(gaps), ()).rules) == by_text
