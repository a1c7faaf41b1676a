"""Text from outside as Markdown: it shows as what it is, on one line, and links, pings or formats nothing."""

import re

from audit.formats.text.safe_text import elide

_MAX_COLUMNS = 96
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$]|(?<=www)\.|:(?=//))")
_REFERENCES = re.compile(r"([@#])")
_JOINER = "&#8288;"  # a word joiner: GitHub takes no name after it for a mention, and no number for an issue


def code(text: str, columns: int = _MAX_COLUMNS) -> str:
    """Return ``text`` as a code span of at most ``columns``, which may stand in a cell of a table."""
    plain = _on_one_line(text, columns) or " "
    longest = max(map(len, re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if plain[0] == "`" or plain[-1] == "`" else ""
    return f"{fence}{padding}{plain}{padding}{fence}".replace("|", "\\|")


def escaped(text: str, columns: int = _MAX_COLUMNS) -> str:
    """Return ``text`` as running text of at most ``columns``."""
    plain = _SPECIAL.sub(r"\\\1", _on_one_line(text, columns))
    return _REFERENCES.sub(rf"\\\1{_JOINER}", plain)


def _on_one_line(text: str, columns: int) -> str:
    return re.sub(r"\s+", " ", elide(text, columns)).strip()
