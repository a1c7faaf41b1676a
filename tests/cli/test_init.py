"""`audit init`: what it writes runs as it is, and says what was guessed and what the rows cannot decide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.check import load_policy
from audit.cli import main

from ..audits import store
from ..conftest import Models


def table(rows: int = 600, **columns: object) -> pd.DataFrame:
    """Return rows for the model ``two_columns`` whose label follows ``a``."""
    rng = np.random.default_rng(3)
    a = rng.standard_normal(rows)
    frame = {
        "a": a,
        "b": rng.standard_normal(rows),
        "sex": np.where(np.arange(rows) % 3 == 0, "Female", "Male"),
        "age": rng.integers(18, 80, rows),
        "label": np.where(a + rng.standard_normal(rows) > 0, "yes", "no"),
    }
    return pd.DataFrame({**frame, **columns})


@pytest.fixture
def folder(tmp_path: Path, model: Models, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").symlink_to(model("two_columns"))
    return tmp_path


def init(*more: str) -> int:
    return main(["init", "model", "table.csv", "--label", "label", *more])


def test_the_draft_is_a_policy_that_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(), folder, "table.csv")
    assert init() == 0
    said = capsys.readouterr().out
    assert "guessed by name: sex, age" in said
    policy = load_policy("audit.yaml")
    assert policy.data.protected["sex"].privileged == ["Male"]
    assert policy.data.protected["age"].bins == [25, 60]
    assert policy.data.favorable == ["yes"]
    assert not policy.default_rules  # they stand in the file, to be decided on
    assert main(["run", "--quiet"]) in (0, 1, 3)


def test_the_hints_are_keys_that_work(folder: Path) -> None:
    store(table(), folder, "table.csv")
    store(table(rows=30).drop(columns="label"), folder, "train.csv")
    assert init() == 0
    text = (folder / "audit.yaml").read_text()
    assert load_policy("audit.yaml").data.background is None
    hints = {
        "  # background: PATH": "  background: train.csv",
        "  # baseline: PATH": "  baseline: model",
        "  # max_audits: 20": "  max_audits: 20",
        "# report:\n#  ": "report:\n ",
    }
    for hint, key in hints.items():
        assert text.count(hint) == 1
        text = text.replace(hint, key)
    (folder / "audit.yaml").write_text(text)
    policy = load_policy("audit.yaml")
    assert (policy.data.background, policy.report.rows) == ("train.csv", "masked")
    assert policy.gate and (policy.model.baseline, policy.gate.max_audits) == ("model", 20)
    assert main(["run", "--quiet"]) in (0, 1, 3)


def test_it_never_overwrites_without_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(), folder, "table.csv")
    (folder / "audit.yaml").write_text("mine")
    assert init() == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "audit.yaml").read_text() == "mine"
    assert init("--force") == 0
    assert load_policy("audit.yaml").data.label == "label"


def test_a_draft_in_another_folder_runs_from_anywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(table(), folder, "table.csv")
    assert init("--out", "policies/first.yaml") == 0
    assert load_policy("policies/first.yaml").model.path == "../model"
    monkeypatch.chdir(folder / "policies")
    assert main(["run", "first.yaml", "--quiet"]) in (0, 1, 3)


def test_it_says_what_the_rows_are_too_few_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(rows=90), folder, "table.csv")
    assert init() == 0
    said = capsys.readouterr().out
    cannot = "these rows cannot decide it for Female (30 rows, fewer than min_rows)"
    assert f"fairness.disparate_impact[attribute=sex]: {cannot}" in said
    assert "# these rows cannot decide the next rule for Female" in (folder / "audit.yaml").read_text()


def test_nulls_are_counted_and_left_to_the_author(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(b=[None, 1.0] * 300), folder, "table.csv")
    assert init() == 0
    assert "b: 300 rows have no value" in capsys.readouterr().out
    text = (folder / "audit.yaml").read_text()
    assert "  # missing:" in text and "#   b: VALUE" in text
    assert main(["run", "--quiet"]) == 2  # as the file says: it stops at them


def test_a_hostile_table_makes_a_plain_policy(folder: Path) -> None:
    names = {"race: {x}\n#": ["a: [b", "!!python/object"] * 300}
    store(table(**names), folder, "table.csv")  # type: ignore[arg-type]  # columns by name
    assert init() == 0
    assert load_policy("audit.yaml").data.protected["race: {x}\n#"].privileged[0] in (
        "a: [b",
        "!!python/object",
    )


def test_no_protected_attribute_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table().drop(columns=["sex", "age"]), folder, "table.csv")
    assert init() == 0
    assert "no protected attribute was guessed" in capsys.readouterr().out


def test_a_label_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(), folder, "table.csv")
    assert main(["init", "model", "table.csv", "--label", "lable"]) == 2
    assert "did you mean 'label'?" in capsys.readouterr().err
    assert not (folder / "audit.yaml").exists()
