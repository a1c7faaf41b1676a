"""Choices that `audit init` offers, each of which is an answer: uncommented, the audit runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from audit.check import load_policy
from audit.cli import main

from ..audits import store
from ..conftest import Models
from ..model.loading import tfx
from ..model.test_output_column import quantiles, rows, two_labels
from ..model_cache import built

Captured = pytest.CaptureFixture[str]
SCORES_ONLY = ["--only", "performance", "--only", "fairness"]


def choices(text: str, key: str) -> list[str]:
    """Return the commented lines of a draft that give ``key``."""
    return [line for line in text.splitlines() if line.startswith(f"  # {key}: ")]


def answer(draft: Path, choice: str) -> None:
    text = draft.read_text()
    assert text.count(f"{choice}\n") == 1
    draft.write_text(text.replace(choice, choice.replace("# ", "", 1)))


@pytest.fixture
def folder(tmp_path: Path, model: Models, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").symlink_to(model("two_columns"))
    return tmp_path


@pytest.mark.parametrize(
    ("right", "other", "more"),
    [
        (",", ";", []),
        (";", ",", []),
        ("|", "\t", []),
        (";", ",", ["--set", 'data.csv.quote=""']),  # what is given beforehand is part of each choice
    ],
)
def test_delimiters_that_fit_alike_are_a_question(
    folder: Path, capsys: Captured, right: str, other: str, more: list[str]
) -> None:
    random = np.random.default_rng(1)
    a = random.normal(size=300).round(3)
    lines = [["a", "b", "label", f"x{other}y"]]
    lines += [[str(v), "0.5", "yes" if v > 0 else "no", f"1{other}2"] for v in a]
    (folder / "t.csv").write_text("".join(f"{right.join(line)}\n" for line in lines))
    assert main(["init", "model", "t.csv", "--label", "label", *more]) == 3
    draft = folder / "audit.yaml"
    load_policy(draft)
    offered = choices(draft.read_text(), "csv")
    assert len(offered) == 2
    said = capsys.readouterr().out
    assert all(f"    data.{line.removeprefix('  # ')}\n" in said for line in offered)
    assert main(["run", "--quiet", *SCORES_ONLY]) == 2
    assert all('quote: ""' in line for line in offered) is bool(more)
    answer(draft, offered[0])  # the dialect in which there is a label comes first
    assert main(["run", "--quiet", *SCORES_ONLY]) in (0, 1, 3)
    assert load_policy(draft).data.csv.delimiter == right


def semicolons(folder: Path) -> list[str]:
    """Write a table in which ``1,500`` may be a decimal or a thousand; return the options that lead to a question."""
    a = np.linspace(-9, 9, 40).round().astype(int)
    lines = [f"{v};{'1,500' if v > 5 else '0'};{'yes' if v > 0 else 'no'}\n" for v in a]
    (folder / "t.csv").write_text("a;b;label\n" + "".join(lines))
    return []


def nulls_in_both(folder: Path) -> list[str]:
    """Write a table with nulls in two columns; return the options that answer for one."""
    a = np.linspace(-9, 9, 40).round(1)
    lines = [f"{'' if v == a[3] else v},{'' if v == a[5] else 1},{'yes' if v > 0 else 'no'}\n" for v in a]
    (folder / "t.csv").write_text("a,b,label\n" + "".join(lines))
    return ["--set", "data.missing.a=0"]


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        (semicolons, "csv", {"delimiter": ";", "decimal": ","}),
        (nulls_in_both, "missing", {"a": 0, "b": 1}),
    ],
)
def test_a_choice_holds_what_the_draft_has_under_its_key(
    folder: Path, table: Callable[[Path], list[str]], key: str, expected: dict[str, object], capsys: Captured
) -> None:
    """Uncommented beside a line of the same key, it would be no YAML."""
    more = table(folder)
    assert main(["init", "model", "t.csv", "--label", "label", *more]) == 3
    draft = folder / "audit.yaml"
    (offered,) = choices(draft.read_text(), key)
    assert f"    data.{offered.removeprefix('  # ').partition('  ')[0]}\n" in capsys.readouterr().out
    draft.write_text(draft.read_text().replace(offered, offered.replace("# ", "", 1).replace('"VALUE"', "1")))
    assert YAML(typ="safe").load(draft)["data"][key] == expected
    assert main(["run", "--quiet", *SCORES_ONLY]) in (0, 1, 3)


def test_a_comma_may_separate_thousands(folder: Path, capsys: Captured) -> None:
    semicolons(folder)
    assert main(["init", "model", "t.csv", "--label", "label"]) == 3
    message = "a comma, which may be a decimal mark or separate thousands"
    assert message in capsys.readouterr().out and message in (folder / "audit.yaml").read_text()


def test_no_delimiter_gives_the_label(folder: Path, capsys: Captured) -> None:
    (folder / "t.csv").write_text("a;b,c\n1;2,3\n4;5,6\n")
    assert main(["init", "model", "t.csv", "--label", "label"]) == 2
    assert "delimiter" in capsys.readouterr().err and not (folder / "audit.yaml").exists()


def test_nulls_of_an_example_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store(tfx.trips(), tmp_path, "t.parquet")
    assert (
        main(["init", str(built("taxi", tfx.taxi, Path(tfx.__file__))), "t.parquet", "--label", "label"]) == 3
    )
    draft = tmp_path / "audit.yaml"
    offered = choices(draft.read_text(), "missing")
    assert offered[0].count("{absent: true}") == 4 and "VALUE" not in offered[0]
    assert offered[1].count("VALUE") == 4
    answer(draft, offered[0])
    assert main(["run", "--quiet", *SCORES_ONLY]) in (0, 1, 3)
    assert set(load_policy(draft).data.missing) == {"company", "trip_seconds", "trip_miles", "payment_type"}


@pytest.mark.parametrize("column", [0, 1])
def test_labels_that_do_not_exclude_each_other(folder: Path, column: int) -> None:
    (folder / "model").unlink()
    two_labels(folder / "model")
    frame = rows()
    store(frame.assign(label=(frame["a"] > 0).astype(int)), folder, "t.csv")
    assert main(["init", "model", "t.csv", "--label", "label"]) == 3
    draft = folder / "audit.yaml"
    offered = choices(draft.read_text(), "output")
    assert offered == [f"  # output: {{name: score, column: {number}}}" for number in (0, 1)]
    answer(draft, offered[column])
    assert main(["run", "--quiet", *SCORES_ONLY]) in (0, 1, 3)


def test_quantiles(folder: Path) -> None:
    (folder / "model").unlink()
    quantiles(folder / "model")
    frame = rows()
    store(frame.assign(label=frame["a"] * 2 + frame["b"]), folder, "t.parquet")
    assert main(["init", "model", "t.parquet", "--label", "label"]) == 3
    draft = folder / "audit.yaml"
    offered = choices(draft.read_text(), "output")
    columns = [f"  # output: {{name: score, column: {number}, kind: regression}}" for number in range(3)]
    assert offered == [*columns, "  # output: probabilities", "  # output: logits"]
    answer(draft, columns[1])
    assert main(["run", "--quiet", *SCORES_ONLY]) in (0, 1, 3)


@pytest.mark.parametrize(
    "name", ["my policy.yaml", "it's.yaml", "$(x).yaml", "-x.yaml", "a\nb.yaml", "\udcff.yaml"]
)
def test_the_next_command_is_one_of_a_shell(folder: Path, capsys: Captured, name: str) -> None:
    frame = pd.DataFrame({"a": np.linspace(-1, 1, 100), "b": 0.0, "label": ["no", "yes"] * 50})
    store(frame, folder, "t.csv")
    assert main(["init", "model", "t.csv", "--label", "label", f"--out={name}"]) == 0
    (command,) = (
        line.removeprefix("Next: ") for line in capsys.readouterr().out.splitlines() if "Next: " in line
    )
    shown = f"audit() {{ {sys.executable} -c 'import os,sys; sys.exit(not os.path.exists(sys.argv[2]))' \"$@\"; }}"
    assert subprocess.run(["bash", "-c", f"{shown}; {command}"], cwd=folder, check=False).returncode == 0
