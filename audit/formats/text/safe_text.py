"""Sanitizes text from outside: escapes characters that hide or reorder, and shortens to a width."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

from rich.cells import cell_len

# What XML forbids, what cannot be encoded, and what reorders or hides the text around it.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_MAX_STACKED = 4
_STACKABLE = re.compile(rf"[^\x00-\x7f]{{{_MAX_STACKED + 1}}}")  # shorter runs cannot hold a tower


def dotted(text: str) -> str:
    """Return ``text`` on one line of a terminal: a dot for each character that breaks, steers, reorders or hides.

    So are zero-width characters beyond the fourth in a row (see `clean`).
    """
    text = "".join("·" if unicodedata.category(c) in _UNPRINTABLE else c for c in _HIDDEN.sub("·", text))
    return "".join(_unstacked(text, lambda _: "·")) if _STACKABLE.search(text) else text


@lru_cache(maxsize=4096)  # a page shows the same names over and over
def clean(text: str) -> str:
    r"""Return ``text`` with control, direction and surrogate characters written as ``\uXXXX``.

    So are zero-width characters beyond the fourth in a row, such as accents: a tower would cover the lines around it.
    """
    text = _HIDDEN.sub(lambda match: _escaped(match[0]), text.replace("\r\n", "\n"))
    return "".join(_unstacked(text, _escaped)) if _STACKABLE.search(text) else text


def _unstacked(text: str, replace: Callable[[str], str]) -> Iterator[str]:
    height = 0
    for character in text:
        height = 0 if _columns(character) else height + 1
        yield character if height <= _MAX_STACKED else replace(character)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"


def width(text: str) -> int:
    """Return the number of columns of ``text``: two for wide (East Asian) characters, none for accents.

    Joined emoji count one by one: a name could hide its length behind joiners.
    """
    return len(text) if _is_narrow(text) else sum(map(_columns, text))


def fitting(text: str, columns: int) -> str:
    """Return the longest beginning of ``text`` that fits into ``columns`` (see `width`)."""
    if _is_narrow(text):
        return text[: max(columns, 0)]
    widths = accumulate(map(_columns, text))
    return next((text[:position] for position, total in enumerate(widths) if total > columns), text)


@lru_cache(maxsize=4096)
def elide(text: str, columns: int) -> str:
    """Return ``text``, cleaned, its middle cut out if it is wider than ``columns`` (see `width`)."""
    if len(text) <= columns and _is_narrow(text):
        return text
    text = clean(_ends(text, columns))
    if 2 * len(text) <= columns or width(text) <= columns:  # no character is wider than two
        return text
    # An ending tells names apart as often as a beginning does.
    tail = fitting(text[::-1], (columns - 1) // 3)[::-1]
    return fitting(text, columns - 1 - width(tail)) + "…" + tail


def _ends(text: str, columns: int) -> str:
    """Return ``text``, if it is far too long without the middle, which `elide` would clean for nothing.

    Of ten characters at least one has a column, or is written as several: see `clean`.
    """
    end = 10 * columns
    return text if len(text) <= 2 * end else text[:end] + text[-end:]


def brief(text: str) -> str:
    """Return ``text``, cleaned, its middle cut out if it is too long for a sentence."""
    return elide(text, 48)


def _is_narrow(text: str) -> bool:
    """Return whether every character surely takes one column, as in most texts: to measure them one by one is slow."""
    return text.isascii() and text.isprintable()


@lru_cache(maxsize=4096)
def _columns(character: str) -> int:
    # not the Unicode version that the environment may name: a page is the same wherever it is made
    return 1 if character in "\t\n" else cell_len(character, "latest")
