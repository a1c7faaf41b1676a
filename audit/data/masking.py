"""How values of real rows are written in a report, so that none points at a person."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from audit.data.shared_ranges import RARE, SHARED, Ranges, digits
from audit.policy.model import Disclosure


class Masker:
    """Writes single values of rows as ``report.rows`` says.

    Masked, a number is the range of background values that it lies in (see `Ranges`), and a text stands
    as it is where at least `SHARED` background rows have it. Values are masked one by one: a row of many
    can still be the only one of its kind.
    """

    def __init__(
        self, rows: Disclosure, numbers: Mapping[str, np.ndarray], texts: Mapping[str, Iterable[str]]
    ) -> None:
        """Take the background; a column is looked at when one of its values is asked for.

        Args:
            rows: ``report.rows`` of the policy.
            numbers: by column, the background's values ``(n,)``, in the column's own units.
            texts: by column, the background's texts, one a row.
        """
        self._rows, self._numbers, self._texts = rows, numbers, texts
        self._ranges: dict[str, Ranges] = {}
        self._counts: dict[str, Counter[str]] = {}

    def text(self, column: str, value: float | str) -> str:
        """Return ``value`` of ``column`` as a report may show it.

        Raises:
            KeyError: the background has no such column.
            ValueError: the policy shows no rows.
        """
        if self._rows == "none":
            raise ValueError("report.rows is none: no value of a row may be written")
        if isinstance(value, str):
            return value if self._rows == "shown" or self._count(column)[value] >= SHARED else RARE
        if self._rows == "shown" or math.isnan(value):
            return digits(value, 6)
        if column not in self._ranges:
            self._ranges[column] = Ranges(self._numbers[column])
        return self._ranges[column].text(value)

    def _count(self, column: str) -> Counter[str]:
        if column not in self._counts:
            self._counts[column] = Counter(self._texts[column])
        return self._counts[column]
