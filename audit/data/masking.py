"""Disclosure control: values of real rows as a report may show them, so that none identifies a person."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np

from audit.data.shared_ranges import RARE_VALUE, SHARED, Ranges, format_digits
from audit.policy.model import Disclosure


class Masker:
    """Formats values of single rows under the policy's ``report.rows``, so that none identifies a person.

    A masked number is the range of background values that contains it (see `Ranges`); a text is shown unchanged if
    at least `SHARED` background rows have it. Values are masked one by one: a row of many can still be unique.
    """

    def __init__(
        self, rows: Disclosure, numbers: Mapping[str, np.ndarray], texts: Mapping[str, Iterable[str]]
    ) -> None:
        """Store the background: numbers (in their own units) and texts by column, each read on first use."""
        self._rows = rows
        self._ranges = cache(lambda column: Ranges(numbers[column]))
        self._counts = cache(lambda column: Counter(texts[column]))

    def text(self, column: str, value: float | str) -> str:
        """Return ``value`` of ``column`` as a report may show it.

        Raises:
            KeyError: the background has no such column.
            ValueError: the policy shows no rows.
        """
        if self._rows == "none":
            raise ValueError("report.rows is none: values of rows must not be written")
        if isinstance(value, str):
            return value if self._rows == "shown" or self._counts(column)[value] >= SHARED else RARE_VALUE
        if self._rows == "shown" or math.isnan(value):
            return format_digits(value, 6)
        return self._ranges(column).text(value)
