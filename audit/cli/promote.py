"""`audit promote`, `audit rollback` and `audit history`: aliases of a registry that name audited bytes."""

import getpass
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from audit.check import load_policy
from audit.cli.exit_codes import FAIL, PASS
from audit.cli.plain_text import plain
from audit.promotion.evidence import Requirements
from audit.promotion.history import Move
from audit.promotion.mlflow_store import parse_target
from audit.promotion.moves import Author, MoveResult
from audit.promotion.promote import promote as promote_report
from audit.promotion.promote import rollback as roll_back
from audit.promotion.served import Served, look_up, refusals

_WIDTHS = {"#": 3, "from": 20, "to": 20, "what": 8, "version": 7, "verdict": 7, "by": 12, "report": 19}


def promote(
    report: Path, to: str, policy: Path | None, attestation: Path | None, keys: Sequence[Path]
) -> int:
    """Move an alias to the audited bytes and print where it is."""
    target = parse_target(to)
    requirements = Requirements(
        policy=load_policy(policy) if policy else None, attestation=attestation, keys=keys
    )
    outcome = promote_report(report, target, requirements, _author(""))
    print("\n".join(_lines(target.address, outcome)))
    return PASS


def rollback(alias: str, reason: str, keys: Sequence[Path]) -> int:
    """Move an alias back to the version promoted before and print where it is."""
    target = parse_target(alias)
    print("\n".join(_lines(target.address, roll_back(target, _author(reason), keys))))
    return PASS


def history(alias: str, as_json: bool) -> int:
    """Print who held an alias, and what it serves now."""
    served = look_up(parse_target(alias))
    print(json.dumps(_facts(served), indent=2) if as_json else "\n".join(_table(served)))
    return PASS


def verify_served(address: str, keys: Sequence[Path], as_json: bool) -> int:
    """Print whether an alias serves the promoted version with the audited bytes, and return 0 if it does, 1 if not."""
    served = look_up(parse_target(address))
    differences = list(refusals(served, keys, datetime.now(UTC)))
    if as_json:
        outcome_facts = {
            "holds": not differences,
            "differences": [asdict(difference) for difference in differences],
        }
        print(json.dumps(outcome_facts | _facts(served), indent=2))
        return FAIL if differences else PASS
    outcome = "DOES NOT SERVE WHAT WAS PROMOTED" if differences else "serves what was promoted"
    print(f"{plain(served.target.address, 500)} {outcome}")
    for difference in differences:
        print(f"  differs   {plain(difference.place, 500)}")
        print(f"              expected: {plain(difference.signed, 300)}")
        print(f"              actual:   {plain(difference.actual, 300)}")
    for move in served.history.line[-1:]:
        entry = move.entry
        print(f"  promoted  version {entry.version} ({entry.model}), {entry.time}, by {plain(entry.actor)}")
        print(f"  report    {entry.report}, {'attested' if move.record.attestation else 'not attested'}")
    return FAIL if differences else PASS


def _author(reason: str) -> Author:
    """Return who runs the command: the user of the registry if one is named, else that of the machine."""
    return Author(os.environ.get("MLFLOW_TRACKING_USERNAME") or _user(), datetime.now(UTC), reason)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"


def _lines(address: str, outcome: MoveResult) -> Iterator[str]:
    version = outcome.history.version
    for note in outcome.notes:
        yield f"  note    {plain(note, 1000)}"
    if outcome.replaced == version:
        recorded = ", and the new grounds are recorded" if outcome.appended else ""
        yield f"{plain(address, 500)}: version {version} already{recorded}"
    else:
        before = "not set" if outcome.replaced is None else f"version {outcome.replaced}"
        yield f"{plain(address, 500)}: version {version}, was {before}"
    if not outcome.appended and outcome.replaced != version:
        yield "  note    the log had this move already: the alias had been moved elsewhere, or the move was interrupted"
    for fault in outcome.history.faults:
        yield f"  warning entry {fault.number} of the log does not count: {plain(fault.problem, 500)}"


def _facts(served: Served) -> dict[str, object]:
    ends = _ends(served.history.moves)
    return {
        "alias": served.target.address,
        "version": served.version,
        "state": served.state,
        "recorded_version": served.history.version,
        "bytes": "unknown" if served.differences is None else "differ" if served.differences else "audited",
        "byte_differences": [asdict(difference) for difference in served.differences or ()],
        "moves": [
            move.entry.model_dump(mode="json", exclude={"nonce"})
            | {"number": move.record.number, "until": end}
            for move, end in zip(served.history.moves, ends, strict=True)
        ],
        "faults": [{"number": fault.number, "problem": fault.problem} for fault in served.history.faults],
    }


def _ends(moves: Sequence[Move]) -> list[str | None]:
    """Return when each move was followed by the next, None for the last."""
    return [*(move.entry.time for move in moves[1:]), None][: len(moves)]


def _table(served: Served) -> Iterator[str]:
    yield f"{plain(served.target.address, 500)}: {served.sentence}"
    if served.differences:
        yield f"  THE FILES OF VERSION {served.version} ARE NOT THE AUDITED ONES"
        for difference in served.differences:
            yield f"  differs   {plain(difference.place, 500)}"
    elif served.differences is not None:
        yield f"  the files of version {served.version} are the audited ones"
    for fault in served.history.faults:
        yield f"  warning entry {fault.number} of the log does not count: {plain(fault.problem, 500)}"
    if served.history.moves:
        yield _row(_WIDTHS)
    for (before, move), end in zip(_pairs(served.history.moves), _ends(served.history.moves), strict=True):
        if before and before.entry.version != move.entry.replaced:
            yield f"  changed outside audit to {_named(move.entry.replaced)}, or not completed, before:"
        yield _row(_cells(move, end))
        if move.entry.reason:
            yield f"      reason: {plain(move.entry.reason, 500)}"


def _pairs(moves: Sequence[Move]) -> Iterator[tuple[Move | None, Move]]:
    return zip([None, *moves], moves, strict=False)


def _named(version: int | None) -> str:
    return "nothing" if version is None else f"version {version}"


def _cells(move: Move, end: str | None) -> list[object]:
    entry = move.entry
    report = entry.report.removeprefix("sha256:")[:12]
    cells = [entry.sequence, entry.time, end or "now", entry.kind, entry.version, entry.verdict]
    return [*cells, plain(entry.actor), f"sha256:{report}"]


def _row(cells: Sequence[object] | dict[str, int]) -> str:
    pairs = zip(cells, _WIDTHS.values(), strict=True)
    return "  " + "  ".join(str(cell).ljust(width) for cell, width in pairs).rstrip()
