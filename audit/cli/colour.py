"""Colour of verdicts on a terminal, which never says more than the words do."""

import os
import sys
from collections.abc import Callable

Style = Callable[[str, str], str]
"""Returns a text as it is shown for a status: the verdict's or a rule's."""

_CODES = {"pass": "1;32", "fail": "1;31", "inconclusive": "1;33", "waived": "33"}
"""Bold green, red and yellow; a waiver is yellow, since it is no pass."""


def bare(text: str, _: str) -> str:
    """Return ``text`` as it is."""
    return text


def of_stdout() -> Style:
    """Return the style of standard output: colours on a terminal that has them, unless ``NO_COLOR`` is set."""
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _coloured if is_wanted and sys.stdout is not None and sys.stdout.isatty() else bare


def _coloured(text: str, status: str) -> str:
    code = _CODES.get(status)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
