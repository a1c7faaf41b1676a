"""The documentation site builds without a warning, loads nothing from other hosts, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import ROOT, Parsed, build, is_foreign, target

Pages = dict[Path, Parsed]


def test_every_page_of_the_docs_is_in_the_site(site: Path, parsed: Pages) -> None:
    """Guards the tests below, too: strict MkDocs refuses a page that is not in the navigation."""
    sources = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    made = {"changelog.html", "reference/commands.html", "reference/fairness.html"}
    expected = made | {re.sub(r"README$", "index", s.with_suffix("").as_posix()) + ".html" for s in sources}
    assert expected <= {page.relative_to(site).as_posix() for page in parsed}
    assert not list(site.rglob("*.py"))


def test_no_page_loads_anything_from_another_host(parsed: Pages) -> None:
    assert all(len(page.loads) > 3 for page in parsed.values())
    assert {load for page in parsed.values() for load in page.loads if is_foreign(load)} == set()


def test_no_style_sheet_loads_anything_from_another_host(site: Path, parsed: Pages) -> None:
    sheets = [file.read_text("utf-8") for file in site.rglob("*.css")]
    styles = sheets + [
        style for page in parsed.values() for style in re.findall(r"<style.*?</style>", page.text)
    ]
    assert sheets
    for style in styles:
        addresses = re.findall(r"(?:url\(|@import )\s*[\"']?([^\"')\s]+)", style)
        assert [address for address in addresses if is_foreign(address)] == []


def test_browsers_are_told_to_ask_no_other_host(parsed: Pages) -> None:
    for page in parsed.values():
        (policy,) = page.policies
        sources = {word for part in policy.split(";") for word in part.split()[1:]}
        assert policy.startswith("default-src ")
        assert sources <= {"'self'", "'unsafe-inline'", "data:", "blob:"}


def test_links_inside_the_site_lead_to_a_page_and_an_anchor(parsed: Pages) -> None:
    broken = set()
    for page, content in parsed.items():
        for link in content.links:
            if not is_foreign(link):
                file, anchor = target(page, link)
                known = parsed[file].anchors | {""} if file in parsed else {""}
                if not file.is_file() or anchor not in known:
                    broken.add((page.name, link))
    assert broken == set()
    assert sum(len(page.links) for page in parsed.values()) > 1000


def test_markdown_becomes_html_everywhere(parsed: Pages) -> None:
    """A list without an empty line before it is one for GitHub and none for the site."""
    left = r"^\s*([-*] |\d+\. |\||#+ |```)|\[[^\]]+\]\([^)]+\)"
    for page in parsed.values():
        assert [text for text in page.paragraphs if re.search(left, text, flags=re.MULTILINE)] == [], (
            page.title
        )


def test_a_missing_picture_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "pictures"
    empty.mkdir()
    done = build(tmp_path / "site", AUDIT_DOCS_PICTURES=str(empty))
    assert done.returncode == 1
    assert "is missing: install Chromium and run `make docs`" in done.stderr


@pytest.mark.parametrize(
    ("tag", "loads", "links"),
    [
        ('<img src="https://a.example/b.png">', ["https://a.example/b.png"], []),
        ('<link rel="stylesheet" href="//a.example/b.css">', ["//a.example/b.css"], []),
        ('<link rel="preconnect" href="https://a.example">', ["https://a.example"], []),
        ('<script src="a.js"></script>', ["a.js"], []),
        ('<form action="https://a.example"></form>', ["https://a.example"], []),
        ('<a href="https://a.example">there</a>', [], ["https://a.example"]),
    ],
)
def test_what_a_browser_asks_for_is_told_from_what_a_reader_may_follow(
    tag: str, loads: list[str], links: list[str]
) -> None:
    page = Parsed(tag)
    assert (page.loads, page.links) == (loads, links)
    assert all(is_foreign(load) is (load != "a.js") for load in loads)
