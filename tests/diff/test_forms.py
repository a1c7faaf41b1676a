"""The three forms of a diff: golden files, hostile names, and nothing where nothing changed."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from audit.diff import html, markdown
from audit.diff import json as json_form
from audit.diff.comparison import compare
from audit.diff.records import ReportDiff
from audit.result import Verdict

from ..formats.html.pages import parse
from . import samples
from .builders import report, share

GOLDEN = Path(__file__).parent / "golden"
FORMS: dict[str, Callable[[ReportDiff], str]] = {
    "md": markdown.render,
    "html": html.render,
    "json": json_form.render,
}
STYLE = re.compile("<style>.*?</style>", re.DOTALL)
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@pytest.fixture(scope="module")
def diff() -> ReportDiff:
    return compare(*samples.pair())


@pytest.fixture(scope="module")
def hostile() -> ReportDiff:
    return compare(*samples.hostile())


@pytest.fixture(scope="module")
def empty() -> ReportDiff:
    whole = report([share("performance.accuracy", 3000)])
    return compare(whole, whole)


@pytest.mark.parametrize("form", FORMS)
def test_the_diff_is_the_golden_file(diff: ReportDiff, form: str) -> None:
    """Written anew by ``AUDIT_WRITE_GOLDEN=1 pytest tests/diff/test_forms.py``; look at the difference."""
    shown = STYLE.sub("<style></style>", FORMS[form](diff))
    file = GOLDEN / f"diff.{form}"
    if os.environ.get("AUDIT_WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_repeats(diff: ReportDiff, form: str) -> None:
    assert FORMS[form](diff) == FORMS[form](compare(*samples.pair()))


def test_an_empty_diff_says_so_and_names_the_verdict(empty: ReportDiff) -> None:
    assert empty.is_empty
    text = markdown.render(empty)
    assert text.startswith("# FAIL, as before") and "do not differ" in text and "|" not in text
    page = parse(html.render(empty))
    assert "do not differ" in page.text and not page.all("a", href="#rules")
    content = json.loads(json_form.render(empty))
    assert content["empty"] is True
    lists = ("rules", "measurements", "attributions", "presence", "warnings", "policy", "facts")
    assert all(content[name] == [] for name in lists)


@pytest.mark.parametrize("old", ["pass", "fail", "inconclusive"])
@pytest.mark.parametrize("new", ["fail", "inconclusive"])
def test_nothing_but_todays_pass_looks_like_one(diff: ReportDiff, old: Verdict, new: Verdict) -> None:
    """An old pass is told as what was."""
    changed = replace(diff, old=replace(diff.old, verdict=old), new=replace(diff.new, verdict=new))
    assert markdown.render(changed).startswith(f"# {new.upper()}, ")
    page = parse(html.render(changed))
    (banner,) = page.all("section", id="verdict")
    assert banner.attributes["class"] == f"verdict {new}"
    assert banner.all("h2")[0].text.startswith(new.upper())
    assert json.loads(json_form.render(changed))["verdict"] == {"old": old, "new": new}


def test_hostile_names_are_text_in_markdown(hostile: ReportDiff) -> None:
    text = markdown.render(hostile)
    assert not [c for c in text if unicodedata.category(c) in HIDDEN and c != "\n"]
    parser = MarkdownIt("commonmark").enable("table")
    tokens = [token for block in parser.parse(text) for token in (block, *(block.children or ()))]
    assert not {token.type for token in tokens} & {"html_block", "html_inline", "link_open", "image", "fence"}
    headings = text.count("\n## ") + text.startswith("# ")
    assert sum(token.type == "heading_open" for token in tokens) == headings <= 8
    assert max(map(len, text.split("\n"))) < 2000 and len(text) < 60_000
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    for lines in map(
        str.splitlines, tables
    ):  # a bar in a name would begin a cell: the last ones would be lost
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    rows = re.findall(r"<tr>(.*?)</tr>", parser.render(text), re.DOTALL)
    assert all(1 < len(re.findall("<t[hd]", row)) < 8 for row in rows)
    assert len(rows) == sum(table.count("\n") - 1 for table in tables)


def test_hostile_names_are_text_in_html(hostile: ReportDiff) -> None:
    text = html.render(hostile)
    assert not [c for c in text if unicodedata.category(c) in HIDDEN and c not in "\n\t"]
    page = parse(text)
    tags = {element.tag for element in page.walk()}
    assert tags.isdisjoint({"script", "img", "iframe", "form", "input", "object", "embed", "base"})
    for element in page.walk():
        assert not [name for name in element.attributes if name.startswith("on")]
        href = element.attributes.get("href") or "#"
        assert href.startswith("#") or href == "data:,"
    assert len(page.all("h1")) == 1 and len(page.all("style")) == 1


def test_hostile_names_come_back_from_json(hostile: ReportDiff) -> None:
    content = json.loads(json_form.render(hostile))
    features = {change["where"]["feature"] for change in content["attributions"]}
    assert features == set(samples.HOSTILE)


def test_what_is_not_known_is_null_in_json(diff: ReportDiff) -> None:
    change = diff.measurements[0]
    findings = ("more than chance", "not chance", "chance", "unknown", "not comparable")
    changes = [replace(change, finding=finding) for finding in findings]  # type: ignore[arg-type]
    content = json.loads(json_form.render(replace(diff, measurements=changes)))
    assert [c["more_than_chance"] for c in content["measurements"]] == [True, True, False, None, None]


def test_a_comment_stays_short_whatever_changed(diff: ReportDiff) -> None:
    many = replace(
        diff,
        rules=diff.rules[:1] * 5000,
        measurements=diff.measurements[:1] * 5000,
        facts=diff.facts[:1] * 5000,
        policy=diff.policy[:1] * 5000,
    )
    text = markdown.render(many)
    assert len(text) < 60_000 and "and 4,950 more" in text
