"""Fits sections into a number of bytes: what comes first in a section stays, and what is cut is counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_REST = "… and {:,} more {}; `report.json` has all of them."
_ROOM_FOR_REST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Items below an ``opening``, the most important first, and the number of bytes that both may take.

    ``total`` is the number of items, of which ``items`` may yield fewer, and ``things`` names them in the plural.
    ``rows`` says that the opening ends in a table's head, whose rows the items are.
    """

    opening: str
    items: Iterable[str] = ()
    total: int = 0
    things: str = "items"
    bytes: int
    rows: bool = False


def fit(sections: Iterable[Section]) -> str:
    """Return the sections as Markdown; those without items are left out, but for the first.

    What a section leaves of its bytes goes to those after it.
    """
    return "\n\n".join(_fitted(sections)) + "\n"


def _fitted(sections: Iterable[Section]) -> Iterator[str]:
    left = 0
    for position, section in enumerate(sections):
        left += section.bytes
        if section.total or position == 0:
            text = _cut(section, left - _size("\n\n"))
            left -= _size(f"{text}\n\n")
            yield text


def _cut(section: Section, room: int) -> str:
    """Return as many items as fit, each whole, and the number of the others."""
    items = list(_fitting(section.items, room - _size(f"{section.opening}\n\n") - _ROOM_FOR_REST))
    missing = section.total - len(items)
    rest = [_REST.format(missing, section.things)] if missing else []
    lines = "\n".join(items)
    if section.rows:
        return "\n\n".join([f"{section.opening}\n{lines}", *rest])
    return "\n\n".join([section.opening, *([lines] if items else []), *rest])


def _fitting(items: Iterable[str], room: int) -> Iterator[str]:
    for item in items:
        room -= _size(f"{item}\n")
        if room < 0:
            return
        yield item


def _size(text: str) -> int:
    return len(text.encode())
