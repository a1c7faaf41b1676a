"""Different values of a column that may be spellings of one: forms of a number, of case, of spaces, of Unicode."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation

from audit.errors import Setting, yaml_name
from audit.values.identity import canonical, is_number, sort_key
from audit.values.spelling import MERGING, Spelling, fold, read_as

_MAX_QUOTED = 10
_MAX_EXPONENT = 400  # beyond a float's, and few enough digits to write out
_DASHES = re.compile("[\N{HYPHEN}-\N{HORIZONTAL BAR}\N{MINUS SIGN}]")
_APOSTROPHES = re.compile("[\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}]")


def ambiguity_warning(column: str, rows: Mapping[str, int], spelling: Spelling | None) -> str | None:
    """Return a warning that quotes values which may be the same, with their numbers of rows; None without any.

    Args:
        column: name of the data column.
        rows: number of rows of each value, by the text that identifies it.
        spelling: how ``data.values`` reads the column.
    """
    if spelling == "text":
        return None
    alike = _alike(rows)
    if not alike:
        return None
    quoted = "; ".join(_quoted(values, rows) for values in alike[:_MAX_QUOTED])
    more = f"; and {len(alike) - _MAX_QUOTED:,} more" if len(alike) > _MAX_QUOTED else ""
    return (
        f"data column {column!r}: different values may be the same one: {quoted}{more}. "
        f"{_advice(column, _merging(alike))}"
    )


def spelling_settings(column: str, rows: Iterable[str]) -> list[Setting]:
    """Return the settings that the warning about these values names."""
    merging = _merging(_alike(rows))
    same = [reading_setting(column, merging)] if merging else []
    return [*same, reading_setting(column, "text")]


def reading_setting(column: str, spelling: Spelling) -> Setting:
    """Return the setting that reads a column in a way."""
    return Setting("data.values", f"{{{yaml_name(column)}: {spelling}}}")


def _alike(rows: Iterable[str]) -> list[list[str]]:
    """Return the values that share a loose form, in the order of `sort_key`."""
    by_form: dict[str, list[str]] = defaultdict(list)
    for value in sorted(rows, key=sort_key):
        by_form[_loose_form(value)].append(value)
    return [values for values in by_form.values() if len(values) > 1]


def _quoted(values: list[str], rows: Mapping[str, int]) -> str:
    counts = [
        f"{value!r} ({rows[value]:,} {'row' if rows[value] == 1 else 'rows'}{_in_ascii(value)})"
        for value in values
    ]
    return ", ".join(counts[:-1]) + " and " + counts[-1]


def _in_ascii(value: str) -> str:
    """Spell out what may look like another text."""
    return "" if unicodedata.is_normalized("NFKC", value) else f", spelled {value!a}"


def _advice(column: str, merging: Spelling | None) -> str:
    separate = f"data.values: {{{column}: text}} if they are different"
    if merging:
        return f"Set data.values: {{{column}: {merging}}} if they are the same, or {separate}."
    return f"Correct the data if they are the same, or set {separate}."


def _merging(alike: Sequence[list[str]]) -> Spelling | None:
    """Return the first reading under which the values are as few as their loose forms."""
    values = [value for group in alike for value in group]
    for spelling in MERGING:
        with suppress(ValueError):
            if len({read_as(spelling)(value) for value in values}) == len(alike):
                return spelling
    return None


def _loose_form(value: str) -> str:
    """Return a form that spellings of one value are likely to share; it decides nothing but a warning."""
    visible = "".join(c for c in value if unicodedata.category(c) != "Cf")  # zero-width characters
    text = " ".join(_APOSTROPHES.sub("'", _DASHES.sub("-", fold(visible))).split())
    text = text.rstrip(". ") or text
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    return canonical(text) if is_number(text) else _as_decimal(text)


def _as_decimal(text: str) -> str:
    try:
        number = Decimal(text)  # exact, where a float would make two long numbers one
    except InvalidOperation:
        return text
    plain = number.is_finite() and abs(number.adjusted()) < _MAX_EXPONENT
    return canonical(number) if plain else text
