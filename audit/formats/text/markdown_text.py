"""Escapes text from outside for GitHub's Markdown, so that it is shown as it is and does nothing.

A backslash is not enough there: mentions, references to issues and commits, and emoji are recognized after Markdown has
been rendered. They are not recognized in a code span, so whatever is not plainly a word is put into one.
"""

import re
import unicodedata
from itertools import groupby
from urllib.parse import quote

from audit.formats.text.safe_text import elide

NAME_COLUMNS = 96
SENTENCE_COLUMNS = 400

_WORD = re.compile(r"[^\W_]")
_MARKS = frozenset(".,;:()'\"%/+=?!-−–—…≥≤±×·’‘“”")
_RECOGNIZED = re.compile(
    r":\S"  # an address or the name of an emoji
    r"|www\."
    r"|(?<![^\W_])[0-9a-f]{7,40}(?![^\W_])"  # a commit
    r"|[a-z]-\d",  # an issue, such as GH-12 or those of another tracker
    re.IGNORECASE,
)
_NEXT_NAME = re.compile(r"(?<=['\"],) (?=['\"])| (?=\([^()\s]*\)[,.;:]?(?:\s|$))")
_LIST_ITEM = re.compile(r"\d+[.)]")
_SIGNS = frozenset("−–—…/=±×·≥≤%")
_BEFORE = "('\"“‘"
_AFTER = ".,;:)'\"”’"
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
_ISOLATED = "&#x2068;{}&#x2069;"


def prose(sentence: str, columns: int = SENTENCE_COLUMNS) -> str:
    """Return a sentence as Markdown on one line: words as text, and all that Markdown may take for more as code.

    Its middle is cut out if it is wider than ``columns``.
    """
    words = elide(sentence, columns).split()
    kinds = [(_is_plain(word, first=i == 0), _runs_right_to_left(word)) for i, word in enumerate(words)]
    runs = groupby(zip(kinds, words, strict=True), key=lambda pair: pair[0])
    return " ".join(_run(" ".join(word for _, word in pairs), *kind) for kind, pairs in runs)


def code(name: object, columns: int = NAME_COLUMNS) -> str:
    """Return a name as a code span on one line, with its middle cut out if it is wider than ``columns``."""
    text = " ".join(elide(str(name), columns).split())
    span = _span(text or '""')
    return _ISOLATED.format(span) if _runs_right_to_left(text) else span


def link(name: object, address: str) -> str:
    """Return a name that leads to a web ``address``."""
    destination = quote(address, safe="/:#?=&%+,;@!~$'*[]").replace("&", "&amp;")
    return f"[{code(name)}]({destination})"


def table_row(*cells: str) -> str:
    """Return cells, which are Markdown, as a row of a table: a bar in them ends none."""
    # Parsers differ in what a backslash before an escaped bar means.
    escaped = (cell.replace("\\|", "\\\\u007c").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def code_block(text: str, language: str) -> str:
    """Return ``text``, whose lines are kept, as a fenced block."""
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _run(text: str, plain: bool, right_to_left: bool) -> str:
    markdown = text if plain else _within_punctuation(text)
    return _ISOLATED.format(markdown) if right_to_left else markdown


def _within_punctuation(text: str) -> str:
    """Return ``text`` as code, but for quotation marks and brackets around it and the punctuation after it.

    Of a list of quoted names each is code of its own, and so is a name in brackets.
    """
    return " ".join(map(_name_as_code, _NEXT_NAME.split(text)))


def _name_as_code(text: str) -> str:
    name = text.lstrip(_BEFORE).rstrip(_AFTER)
    return text.replace(name, _span(name), 1) if name else _span(text)


def _span(text: str) -> str:
    fence = "`" * (_longest_ticks(text) + 1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{room}{text}{room}{fence}"


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _is_plain(word: str, first: bool) -> bool:
    """Return whether Markdown shows ``word`` as it is, ``first`` if on its line."""
    if not all(character.isalnum() or character in _MARKS for character in word):
        return False
    if _RECOGNIZED.search(word):
        return False
    is_sign = word in _SIGNS or word.rstrip(_AFTER) == "%"
    return is_sign or (bool(_WORD.search(word)) and not (first and _LIST_ITEM.fullmatch(word)))


def _runs_right_to_left(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text)
