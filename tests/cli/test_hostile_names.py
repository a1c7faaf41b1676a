"""Names of groups, columns, labels and paths are text, whatever they hold; and the audit goes through."""

from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audit.cli import main

from ..conftest import Models
from .kit import Kit, message

Captured = pytest.CaptureFixture[str]
HOSTILE = {
    "html": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "jinja": "{{ 7 * 7 }}{% raw %}",
    "shell": "$(touch pwned); `touch pwned` && rm -rf ~",
    "long": "n" * 4000,
    "terminal": "\x1b[2J\x1b[31mPASS\x07\r\nPASS: all rules hold",
    "lines": "a\u2028PASS: all rules hold\u2029b\u0085c\x1cd",
    "stacked": "e" + 40 * "\u0301",
    "direction": "\u202etxt.exe\u2066",
    "yaml": "- {a: *b}\n...",
}
VISIBLE = {
    **HOSTILE,
    "lines": "PASS: all rules hold",
    "stacked": "e\u0301\u0301\u0301\u0301\\u0301",
    "terminal": "PASS: all rules hold",
    "direction": "txt.exe",
    "yaml": "- {a: *b}",
}
"""What a reader of the page must be able to see of each."""


class Page(HTMLParser):
    """Collects what a browser would build."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [
            name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")
        ]

    def handle_data(self, data: str) -> None:
        self.text += data


def printable(text: str) -> bool:
    """Whether nothing but line ends could steer a terminal."""
    steering = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return not any(unicodedata.category(c) in steering and c != "\n" for c in text)


def audited(kit: Kit, capsys: Captured) -> tuple[str, Page, str]:
    assert main(kit.write()) == 1
    seen = capsys.readouterr()
    return (
        seen.out + seen.err,
        Page((kit.out / "report.html").read_text()),
        (kit.out / "report.json").read_text(),
    )


def shown(page: Page, visible: str) -> None:
    assert not page.handlers and page.tags.count("script") == 1 and "img" not in page.tags
    assert printable(page.text) and visible in page.text


@pytest.fixture(autouse=True)
def nothing_is_run(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail rules, so that the names stand in the summary; and look for what a shell would have left."""
    monkeypatch.chdir(kit.folder)
    kit.file, kit.data["path"] = "table.parquet", "table.parquet"
    kit.policy["gate"]["rules"] = [
        {"metric": "performance.accuracy", "where": {"attribute": "*"}, "at_least": 0.99},
        {"metric": "fairness.disparate_impact", "at_least": 0.999},
    ]


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_groups_and_columns(kit: Kit, capsys: Captured, kind: str) -> None:
    name = HOSTILE[kind]
    kit.frame = kit.frame.replace({"sex": {"Female": name}}).rename(columns={"race": name})
    kit.data["protected"] = {"sex": {"privileged": "Male"}, name: {"privileged": "White"}}
    printed, page, stored = audited(kit, capsys)
    assert printable(printed) and max(map(len, printed.splitlines())) < 1000
    shown(page, VISIBLE[kind])
    report = json.loads(stored)
    assert name in report["data"]["groups"][0]["rows"] and report["data"]["groups"][1]["attribute"] == name
    assert not (kit.folder / "pwned").exists()


@pytest.mark.parametrize(
    "argv", [["gate"], ["report"], ["inspect"], ["run"], ["run", "--only"], ["run", "--set"]]
)
@pytest.mark.parametrize("kind", ["terminal", "lines", "direction"])
def test_a_message_has_the_lines_that_it_was_given(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, argv: list[str], kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*argv, HOSTILE[kind]]) == 2
    printed = capsys.readouterr().err
    first, *others = message(printed).splitlines()
    assert (
        first.startswith("audit: ") and printable(printed) and message(printed).count("\n") == len(others) + 1
    )
    assert all(line.startswith(("  expected: ", "  found:    ", "  do:       ")) for line in others)


@pytest.mark.parametrize("kind", ["html", "attribute", "jinja", "terminal", "long"])
def test_label_values(kit: Kit, capsys: Captured, kind: str) -> None:
    name = HOSTILE[kind]
    kit.frame["label"] = kit.frame["label"].map({0: "no", 1: name})
    kit.data["favorable"] = name
    kit.policy["model"]["classes"] = ["no", name]  # most of these names sort before "no"
    printed, page, stored = audited(kit, capsys)
    assert printable(printed)
    shown(page, VISIBLE[kind])
    assert name in json.loads(stored)["model"]["output"]["classes"]


@pytest.mark.parametrize("kind", ["html", "attribute", "jinja", "shell", "terminal", "direction"])
def test_paths(kit: Kit, capsys: Captured, kind: str, model: Models) -> None:
    name = HOSTILE[kind].replace("/", "∕")
    folder = kit.folder / name
    folder.mkdir()
    kit.file = f"{name}/table.parquet"
    kit.model.rename(folder / "model")
    kit.data["path"], kit.policy["model"]["path"] = f"{name}/table.parquet", f"{name}/model"
    printed, page, stored = audited(kit, capsys)
    assert printable(printed)
    shown(page, VISIBLE[kind].replace("/", "∕"))
    assert json.loads(stored)["data"]["path"] == f"{name}/table.parquet"
    assert not Path("pwned").exists()


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_messages(kit: Kit, capsys: Captured, kind: str) -> None:
    """An error names what it is about without letting it steer the terminal."""
    kit.data["label"] = HOSTILE[kind]
    assert main(kit.write()) == 2
    seen = capsys.readouterr()
    assert printable(seen.out + seen.err) and "Traceback" not in seen.err


@pytest.mark.parametrize("name", ["run[1]*?", "a\\b{c,d}", "quote'\" s", "new\nline", "[", "\u2028\u0085"])
@pytest.mark.parametrize("table", ["table.csv", "table.parquet", "t*.csv"])
def test_policy_model_table_and_reports_in_a_folder_of_any_name(
    tmp_path: Path, model: Models, capsys: Captured, name: str, table: str
) -> None:
    (tmp_path / name).mkdir()
    kit = Kit(tmp_path / name, model, file=table.replace("*", "able"))
    kit.data["path"] = table
    assert main(kit.write()) == 0, capsys.readouterr().err
    seen = capsys.readouterr()
    assert printable(seen.out + seen.err) and kit.reports() == ["report.html", "report.json"]
    stored = json.loads((kit.out / "report.json").read_text())
    assert (stored["data"]["path"], stored["data"]["rows"]) == (table, 300)
