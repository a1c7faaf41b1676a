"""Column names in messages: a first line that holds a row instead of names is not shown."""

import re
from collections.abc import Sequence

from audit.errors import quote_list

_UNLIKELY = re.compile(
    r'\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*|.*["\t;|\x00-\x1f\x7f\ufeff\ufffd].*', re.DOTALL
)


def is_header(names: Sequence[str]) -> bool:
    """Return whether the first line of a text table may hold names.

    These are no numbers, and hold neither quotes, delimiters nor control characters. Without a header, or where it is
    damaged and runs into the row below, the first line has values of a row.
    """
    return not any(_UNLIKELY.fullmatch(name) for name in names)


def listed_columns(names: Sequence[str], is_text: bool) -> str:
    """Return the columns in words, for a message; of a text table without a header their number alone."""
    if not is_text or is_header(names):
        return f"the columns {quote_list(names)}"
    return f"{len(names):,} columns, whose first line looks like values of a row"
