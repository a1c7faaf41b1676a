"""The snippets of pages that teach: each fenced block or table has a comment before it that says how it is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .pages import ROOT

PAGES = ["get-started", "how-to-read-a-report", "choosing-limits", "inputs"]
"""Pages whose every fenced block has its check."""

KINDS = {"install", "run", "prints", "codes", "policy", "rules", "listing", "table"}
"""``run N``: a shell ends with the exit code N. ``prints``: lines of what the command before it printed. ``listing``:
nothing to check."""

_SNIPPET = re.compile(
    r"<!-- check: (?P<kind>\w+) ?(?P<option>\w*) -->\n(?:```\w+\n(?P<block>.*?)^```|(?P<table>(?:\|[^\n]*\n)+))",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Snippet:
    """One block of a page; ``kind`` and ``option`` are what the comment before it says."""

    page: str
    kind: str
    option: str
    text: str


def source(page: str) -> Path:
    return ROOT / "docs" / f"{page}.md"


def snippets(page: str, *kinds: str) -> list[Snippet]:
    """Return the snippets of a page, of some kinds or of all, in their order."""
    text = source(page).read_text("utf-8")
    found = [Snippet(page, m["kind"], m["option"], m["block"] or m["table"]) for m in _SNIPPET.finditer(text)]
    return [snippet for snippet in found if snippet.kind in kinds or not kinds]


def shape(text: str) -> str:
    """Return a text without its numbers, which depend on the machine that trains a model."""
    return re.sub(r"[−-]?\d[\d,.]*", "#", text)
