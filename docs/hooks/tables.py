"""Markdown tables and texts from docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def prose(docstring: str) -> str:
    """Return a docstring as Markdown: its double backticks are single ones there."""
    return re.sub(r"``([^`]+)``", r"`\1`", docstring.strip())


def code(value: object) -> str:
    """Return a value as YAML writes it, in backticks."""
    words = {True: "true", False: "false", None: "null"}
    text = words[value] if value is None or isinstance(value, bool) else str(value)
    return f"`{text}`" if text else '`""`'
