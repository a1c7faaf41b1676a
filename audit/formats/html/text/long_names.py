"""Long names: in full once, at the end of the report, and short with a number everywhere else."""

from __future__ import annotations

from audit.formats.html.text.safe_text import clean, elide

MAX_COLUMNS = 96


class Names:
    """Numbers names that are too long to repeat, in the order of their first use."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def short(self, name: object) -> str:
        """Return the name, with its middle cut out if it is long."""
        return elide(str(name), MAX_COLUMNS)

    def number(self, name: object) -> int | None:
        """Return the number of the full name, or None if it is short enough to be shown in full."""
        if self.short(name) == clean(str(name)):
            return None
        return self._numbers.setdefault(str(name), len(self._numbers) + 1)

    def directed(self, name: object) -> bool:
        """Return whether the name may run from right to left, and so must be isolated from its surroundings."""
        return not str(name).isascii()

    @property
    def long(self) -> dict[int, str]:
        """The full names by number."""
        return {number: name for name, number in self._numbers.items()}
