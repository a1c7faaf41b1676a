"""Text that came from outside: made visible where it would hide, and short where it would not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rich.cells import cell_len

# What XML forbids, what cannot be encoded, and what reorders or hides the text around it.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_HIGHEST = 4


@lru_cache(maxsize=4096)  # a page shows the same names over and over
def clean(text: str) -> str:
    r"""Return ``text`` with control, direction and surrogate characters written as ``\uXXXX``.

    So is what takes no column beyond the fourth in a row, such as accents: a tower would cover the lines around it.
    """
    text = _HIDDEN.sub(lambda match: _escaped(match[0]), text.replace("\r\n", "\n"))
    return text if text.isascii() else "".join(_lowered(text))


def _lowered(text: str) -> Iterator[str]:
    height = 0
    for character in text:
        height = 0 if _columns(character) else height + 1
        yield character if height <= _HIGHEST else _escaped(character)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"


def width(text: str) -> int:
    """Return the columns that ``text`` takes: two for wide (East Asian) characters, none for accents.

    Emoji that are joined count one by one: a name could hide its length behind joiners.
    """
    return sum(map(_columns, text))


def fitting(text: str, columns: int) -> str:
    """Return as much of the beginning of ``text`` as fits into ``columns``."""
    taken = 0
    for position, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:position]
    return text


@lru_cache(maxsize=4096)
def elide(text: str, columns: int) -> str:
    """Cut the middle out of ``text``, once cleaned, so that it takes at most ``columns``."""
    text = clean(text)
    if width(text) <= columns:
        return text
    # An ending tells names apart as often as a beginning does.
    tail = fitting(text[::-1], (columns - 1) // 3)[::-1]
    return fitting(text, columns - 1 - width(tail)) + "…" + tail


def brief(text: str) -> str:
    """Cut ``text`` so that a sentence can name it."""
    return elide(text, 48)


def _columns(character: str) -> int:
    # not the Unicode version that the environment may name: a page is the same wherever it is made
    return 1 if character in "\t\n" else cell_len(character, "latest")
