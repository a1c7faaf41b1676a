"""The readings of a column's spellings that a policy may choose (``data.values``): what one value is there."""

import math
import unicodedata
from collections.abc import Callable
from typing import Literal

from audit.result import Scalar
from audit.values.identity import canonical, is_number, scalar

Spelling = Literal["text", "number", "stripped", "folded"]
"""How a column's spellings are read: exactly, as numbers, without spaces around them, or without case as well."""

MERGING: tuple[Spelling, ...] = ("stripped", "folded", "number")
"""The settings under which several spellings may be one value, from the least lenient on."""


def read_as(spelling: Spelling | None) -> Callable[[object], str]:
    """Return the function from a value to the text that identifies it under ``data.values`` (None: not set).

    That for ``number`` raises a ValueError for what is no number.
    """
    return _READINGS[spelling]


def shown(text: str, spelling: Spelling | None) -> Scalar:
    """Return an identifying text as a report shows it: under ``text`` as it is spelled, else as `scalar`."""
    return text if spelling == "text" else scalar(text)


def spelled(value: object) -> str:
    """Return a value exactly as it is spelled."""
    return str(value)


def fold(text: str) -> str:
    """Return a text without spaces around it, case and Unicode's compatible forms (NFKC and full case folding)."""
    for _ in range(2):  # folding the case of a decomposed text may compose anew
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", text).casefold())
    return text.strip()


def _stripped(value: object) -> str:
    return canonical(value.strip() if isinstance(value, str) else value)


def _folded(value: object) -> str:
    return canonical(fold(value) if isinstance(value, str) else value)


def _as_number(value: object) -> str:
    text = _stripped(value)
    if is_number(text):
        return text
    number = float(text)  # a ValueError for what is none, booleans included
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return canonical(number)


_READINGS: dict[Spelling | None, Callable[[object], str]] = {
    None: canonical,
    "text": spelled,
    "stripped": _stripped,
    "folded": _folded,
    "number": _as_number,
}
