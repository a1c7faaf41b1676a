"""The navigation's folders: an entry that ends in a slash stands for the pages of that folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def expand(nav: Sequence[Any], docs: Path, generated: Sequence[str]) -> list[Any]:
    """Return the navigation with every folder replaced by its pages, in the order of their names.

    A page of a folder that the navigation names elsewhere is not repeated.

    Args:
        nav: The navigation as MkDocs reads it: pages, and mappings from a title to a page or to such a list.
        docs: The folder with the pages.
        generated: Paths of pages that are not in that folder.
    """
    listed = set(_pages(nav))
    present = [path.relative_to(docs).as_posix() for path in docs.rglob("*.md")]
    return _expand(nav, sorted({*present, *generated} - listed))


def _expand(nav: Sequence[Any], pages: Sequence[str]) -> list[Any]:
    return [
        {title: _filled(entry, pages) for title, entry in each.items()} if isinstance(each, dict) else each
        for each in nav
    ]


def _filled(entry: Any, pages: Sequence[str]) -> Any:
    if isinstance(entry, list):
        return _expand(entry, pages)
    if not entry.endswith("/"):
        return entry
    inside = [page for page in pages if page.startswith(entry)]
    return sorted(inside, key=lambda page: (not page.endswith("/README.md"), page))


def _pages(nav: Sequence[Any]) -> list[str]:
    """Return every page that the navigation names."""
    pages: list[str] = []
    for each in nav:
        for entry in each.values() if isinstance(each, dict) else [each]:
            pages += _pages(entry) if isinstance(entry, list) else [entry]
    return pages
