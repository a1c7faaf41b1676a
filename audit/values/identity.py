"""The canonical text of a value, by which labels, groups and values of a policy are compared everywhere.

A number is itself however it is written or stored, a boolean is no number, and any other text is compared exactly:
what only a lenient parser takes for a number stays a text, since ``00501`` is a postal code, and not 501.
"""

import math
import re
from decimal import Decimal

from audit.result import Scalar

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?")
_BOOLEANS = ("true", "false")
_MAX_DIGITS = 300  # longer ones are beyond a float's range


def canonical(value: object) -> str:
    """Return the text that two values share if and only if they are the same value.

    It is ``1`` for 1, 1.0 and ``"1.00"``, exact for whole numbers and decimals of any length; ``True`` for True and for
    ``"true"`` in any case; and otherwise the text itself. A float is the shortest decimal that rounds to it.
    """
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Decimal):
        return _number_text(format(value, "f"))
    text = str(value)
    if is_number(text):
        return _number_text(text)
    return text.capitalize() if text.lower() in _BOOLEANS else text


def is_number(text: str) -> bool:
    """Return whether a text is a number by the rule of identity: plain decimal digits, no leading zeros."""
    return _NUMBER.fullmatch(text) is not None


def scalar(text: str) -> Scalar:
    """Return a canonical text as the number or boolean that it stands for, as a report shows it.

    A number that neither an int nor a float holds exactly stays a text.
    """
    if text.lower() in _BOOLEANS:
        return text == "True"
    if not is_number(text) or len(text) > _MAX_DIGITS:
        return text
    number = float(text) if "." in text else int(text)
    return number if canonical(number) == text else text


def sort_key(text: str) -> tuple[int, Decimal, str]:
    """Return a key that sorts numbers by size, then booleans, then other texts."""
    value = canonical(text)
    if is_number(value):
        return 0, Decimal(value), text
    return 1 if value.lower() in _BOOLEANS else 2, Decimal(0), text


def _float_text(number: float) -> str:
    if not math.isfinite(number):
        return str(number)
    return str(int(number)) if number.is_integer() else _number_text(format(Decimal(repr(number)), "f"))


def _number_text(text: str) -> str:
    """Return a number's digits without zeros that do not count; Decimal would round what is long."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
