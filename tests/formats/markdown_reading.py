"""Reads Markdown as GitHub does: CommonMark with tables, raw HTML allowed, so that any would be noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")

ACTIVE = re.compile(
    r"@\w|#\d|\bGH-\d|://|www\.|:[\w+-]+:|(?<![^\W_])[0-9a-f]{7,40}(?![^\W_])|\$|<|\b[A-Z]+-\d", re.IGNORECASE
)
"""What GitHub recognizes in text after Markdown has been rendered: mentions, references, addresses, emoji, commits."""


def inline(markdown: str) -> Iterator[Token]:
    """Yield all inline tokens of a text."""
    for token in PARSER.parse(markdown):
        yield from token.children or ()


def tokens(markdown: str) -> set[str]:
    """Return the types of all tokens of a text."""
    return {token.type for token in PARSER.parse(markdown)} | {token.type for token in inline(markdown)}


def text_of(token: Token) -> str:
    """Return the text of a block as a reader sees it."""
    return "".join(child.content for child in token.children or ())


def texts(markdown: str) -> list[str]:
    """Return the text of every block of inline content, such as paragraphs and cells."""
    return [text_of(token) for token in PARSER.parse(markdown) if token.type == "inline"]
