"""The table "kind × check" of `docs/models.md`: written by the tests, and compared with what they find."""

from __future__ import annotations

import fcntl
import os
from itertools import groupby
from pathlib import Path

from .audited import Audited, known
from .kind import Kind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
WRITE = "AUDIT_WRITE_ZOO" in os.environ
"""Whether the rows of the page are written, not compared."""

_BEGIN, _END = "<!-- the zoo: written by AUDIT_WRITE_ZOO=1 pytest tests/zoo -->", "<!-- end of the zoo -->"
_CHECKS = ["performance", "fairness", "explainability", "robustness"]
_COLUMNS = ["kind", "init", "run", "seconds", *_CHECKS]
_PLACE = _COLUMNS.index("seconds")
_SECONDS = [1, 2, 5, 10, 20, 60, 120, 240]
_GROUPS = {
    "source": "Where a model comes from",
    "output": "What it returns",
    "input": "What it takes",
    "training": "How it was trained",
    "gradient": "Without a gradient to follow",
    "image": "Images",
    "text": "Raw text",
    "brought": "What people bring",
    "example": "The examples",
}


def row(audited: Audited) -> str:
    """Return the kind's row: how far `init` and `run` came, each check's outcome, and the attacks on it."""
    checks = {check["name"]: check for check in audited.report["checks"]}
    cells = [_cell(checks[name]["status"], checks[name]["reason"]) for name in _CHECKS]
    if cells[-1] == "measured":
        cells[-1] += f": {', '.join(audited.attacks())}"
    return _line(audited.kind.name, *commands(audited), *cells)


def refused(audited: Audited) -> str:
    """Return the row of a kind that cannot be audited: why."""
    message = f"refused: {audited.kind.refused}"
    return _line(audited.kind.name, *commands(audited), message, *["refused"] * (len(_CHECKS) - 1))


def commands(audited: Audited) -> list[str]:
    """Return the exit code of `init` with the keys that it asks for, that of `run`, and about how long both took."""
    keys = dict.fromkeys(key for keys in audited.asked for key in keys if key in known(audited.made))
    asked = f": {', '.join(f'`{key}`' for key in keys)}" if keys else ""
    return [f"{audited.init}{asked}", str(audited.code), _about(audited.seconds)]


def _about(seconds: float) -> str:
    return next((str(limit) for limit in _SECONDS if seconds <= limit), f"over {_SECONDS[-1]}")


def is_written(name: str, row: str) -> bool:
    """Return whether the page has this row, whatever it says of the seconds, which are those of one machine."""
    there = _rows(PAGE.read_text()).get(name, "")
    return _without_seconds(there) == _without_seconds(row)


def _without_seconds(row: str) -> list[str]:
    cells = row.split(" | ")
    return cells[:_PLACE] + cells[_PLACE + 1 :]


def names() -> list[str]:
    """Return the kinds that the page lists, in its order."""
    return list(_rows(PAGE.read_text()))


def write(kinds: list[Kind], name: str, row: str) -> None:
    """Write one row into the page, below its group; several workers may do so at a time."""
    with PAGE.open("r+") as page:
        fcntl.flock(page, fcntl.LOCK_EX)
        text = page.read()
        head, _, rest = text.partition(_BEGIN)
        rows = {**_rows(text), name: row}
        table = "\n".join(_sections([kind for kind in kinds if kind.name in rows], rows))
        page.seek(0)
        page.truncate()
        page.write(f"{head}{_BEGIN}\n{table}\n{_END}{rest.partition(_END)[2]}")


def _sections(kinds: list[Kind], rows: dict[str, str]) -> list[str]:
    lines = []
    for group, members in groupby(kinds, lambda kind: kind.group):
        lines += [f"\n### {_GROUPS[group]}\n", _line(*_COLUMNS), _line(*["---"] * len(_COLUMNS))]
        lines += [rows[kind.name] for kind in members]
    return lines


def _rows(text: str) -> dict[str, str]:
    """Return the rows between the markers by the name of their kind."""
    between = text.partition(_BEGIN)[2].partition(_END)[0]
    lines = [line for line in between.splitlines() if line.startswith("| ")]
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines}
    return {name: line for name, line in rows.items() if name not in ("kind", "---")}


def _cell(status: str, reason: str | None) -> str:
    return " ".join(f"{status}: {reason}".split()) if reason else status


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
