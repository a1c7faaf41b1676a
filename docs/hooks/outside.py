"""Links of pages to files outside the site: the README and the changelog have pages here, others stay as text."""

from __future__ import annotations

import posixpath
import re

DOCS = "docs"
"""Folder of the pages, from the root of the repository."""

PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the site that stand for files at the root of the repository."""

_FENCE = r"^(?P<fence>```|~~~).*?^(?P=fence)[ ]*$"
_LINK = r"(?P<image>!?)\[(?P<text>(?:`[^`\n]*`|[^\]`])*)\]\((?P<target>[^)\s]+)\)"
_PARTS = re.compile(rf"{_FENCE}|{_LINK}|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def relink(text: str, folder: str, page: str) -> str:
    """Return Markdown whose links lead inside the site.

    Args:
        text: Markdown, whose links are relative to ``folder``.
        folder: Folder of the source file, from the root of the repository (`docs/design`).
        page: Path of the page inside the site (`design/04-gate.md`).
    """

    def replace(match: re.Match[str]) -> str:
        target = match["target"]
        if target is None or "://" in target or target.startswith(("#", "mailto:")):
            return match[0]
        path, mark, anchor = target.partition("#")
        place = _place(posixpath.normpath(posixpath.join(folder, path)))
        if place is None:
            return match["text"]
        return f"{match['image']}[{match['text']}]({_from(page, place)}{mark}{anchor})"

    return _PARTS.sub(replace, text)


def _place(path: str) -> str | None:
    """Return where a file of the repository is in the site, or None."""
    if path == f"{DOCS}/design":
        return "design/README.md"
    return path.removeprefix(f"{DOCS}/") if path.startswith(f"{DOCS}/") else PAGES.get(path)


def _from(page: str, place: str) -> str:
    return posixpath.relpath(place, posixpath.dirname(page) or ".")
