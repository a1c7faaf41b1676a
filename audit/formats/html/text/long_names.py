"""Long names stand in full once, at the end of the report, and short with a number everywhere else."""

from __future__ import annotations

from audit.formats.html.text.safe_text import clean, elide

LONGEST = 96


class Names:
    """Numbers the names that are too long to repeat, in the order in which they are first shown."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def short(self, name: object) -> str:
        """Return the name, with its middle cut out if it is long."""
        return elide(str(name), LONGEST)

    def number(self, name: object) -> int | None:
        """Return the number under which the full name stands, or None if it is shown whole."""
        if self.short(name) == clean(str(name)):
            return None
        return self._numbers.setdefault(str(name), len(self._numbers) + 1)

    def directed(self, name: object) -> bool:
        """Whether the name may run from right to left, and so must be kept apart from its surroundings."""
        return not str(name).isascii()

    @property
    def long(self) -> dict[int, str]:
        """The full names by number."""
        return {number: name for name, number in self._numbers.items()}
