"""Pictures of reports in pages: drawn by docs/screenshots.py, put in by a comment that other readers do not see."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOW = "install Chromium and run `make docs`"
OMIT = "AUDIT_DOCS_PICTURES"
"""Environment variable: `no` builds the site without pictures."""

_COMMENT = re.compile(r"<!-- picture: (?P<name>[\w-]+) \| (?P<text>[^\n]+?) -->")


def folder() -> Path:
    """Return where pictures are drawn: ``AUDIT_DOCS_PICTURES``, or a folder that git ignores."""
    named = os.environ.get(OMIT, "")
    return ROOT / "build" / "pictures" if named in ("", "no") else Path(named)


def left_out() -> bool:
    """Return whether the site is to have no pictures."""
    return os.environ.get(OMIT) == "no"


def drawn() -> list[Path]:
    """Return the pictures that there are, unless they are left out."""
    return [] if left_out() else sorted(folder().glob("*.png"))


def insert(markdown: str, page: str) -> tuple[str, list[str]]:
    """Return a page with its pictures, and the names of those that are missing.

    Where pictures are left out, their text alternatives stand in their place.

    Args:
        markdown: The page; ``<!-- picture: NAME | TEXT -->`` is where a picture goes.
        page: Path of the page inside the site.
    """
    names = {path.stem for path in drawn()}
    missing: list[str] = []

    def replace(match: re.Match[str]) -> str:
        name, text = match["name"], match["text"]
        if name not in names:
            missing.extend([] if left_out() else [name])
            return f"*Picture, left out of this build: {text}*"
        target = posixpath.relpath(f"pictures/{name}.png", posixpath.dirname(page) or ".")
        return f"![{text}]({target}){{ loading=lazy }}"

    return _COMMENT.sub(replace, markdown), missing
