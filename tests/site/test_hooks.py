"""Links, folders of the navigation and pictures, as the hooks of the site change them."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.hooks import navigation, pictures
from docs.hooks.outside import relink


@pytest.mark.parametrize(
    ("text", "folder", "page", "expected"),
    [
        ("[a](b.md#c)", "docs", "a.md", "[a](b.md#c)"),
        ("[a](../limits.md)", "docs/design", "design/x.md", "[a](../limits.md)"),
        ("[a](docs/ci.md#gitlab)", "", "changelog.md", "[a](ci.md#gitlab)"),
        ("[a](docs/design/)", "", "changelog.md", "[a](design/README.md)"),
        ("[a](../README.md)", "docs", "a.md", "[a](index.md)"),
        ("[a](../../CHANGELOG.md)", "docs/design", "design/x.md", "[a](../changelog.md)"),
        ("[`examples/ci`](../examples/ci)", "docs", "ci.md", "`examples/ci`"),
        ("[a](https://example.org) [b](#c)", "docs", "a.md", "[a](https://example.org) [b](#c)"),
        ("`x[0](../examples)`", "docs", "a.md", "`x[0](../examples)`"),
        ("```python\nx[0](../examples)\n```", "docs", "a.md", "```python\nx[0](../examples)\n```"),
    ],
)
def test_links_lead_inside_the_site_or_become_text(text: str, folder: str, page: str, expected: str) -> None:
    assert relink(text, folder, page) == expected


def test_a_folder_of_the_navigation_has_its_pages_the_overview_first(tmp_path: Path) -> None:
    for name in ("index.md", "design/README.md", "design/02-b.md", "design/01-a.md", "design/03-c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    nav = ["index.md", {"Design": [{"C": "design/03-c.md"}, {"All": "design/"}, {"Made": "made/"}]}]
    expanded = navigation.expand(nav, tmp_path, ["made/x.md"])
    all_pages = ["design/README.md", "design/01-a.md", "design/02-b.md"]
    assert expanded == [
        "index.md",
        {"Design": [{"C": "design/03-c.md"}, {"All": all_pages}, {"Made": ["made/x.md"]}]},
    ]


def test_a_picture_goes_where_its_comment_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules.png").touch()
    monkeypatch.setenv("AUDIT_DOCS_PICTURES", str(tmp_path))
    text = "Before\n\n<!-- picture: rules | The rules. -->\n\n<!-- picture: page-one | Page one. -->"
    inserted, missing = pictures.insert(text, "design/a.md")
    assert "![The rules.](../pictures/rules.png)" in inserted
    assert missing == ["page-one"]
    monkeypatch.setenv("AUDIT_DOCS_PICTURES", "no")
    inserted, missing = pictures.insert(text, "design/a.md")
    assert missing == [] and "![" not in inserted and "left out of this build: Page one." in inserted
