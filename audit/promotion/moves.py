"""The two moves of an alias, as entries of its log: to a promoted version, and back to the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from audit.attestation.statement import utc_text
from audit.errors import AuditError, Refused
from audit.promotion.entry import Entry, Grounds, promotion_entry
from audit.promotion.history import AliasHistory, Move
from audit.promotion.log import EntryStore, append_and_settle, read_history


@dataclass(frozen=True)
class Author:
    """Who moves an alias, when, and why."""

    actor: str
    now: datetime
    reason: str = ""


@dataclass(frozen=True)
class MoveResult:
    """History after a move, the version that the alias named before, and what was noticed on the way."""

    history: AliasHistory
    replaced: int | None
    notes: tuple[str, ...] = ()
    appended: bool = True


def promote_to(store: EntryStore, grounds: Grounds, author: Author, attestation: str = "") -> MoveResult:
    """Move the alias to the version of ``grounds``; nothing is appended if the log says so already, on these grounds.

    Other grounds for the same version, such as a new audit or the attestation that replaces an expired one, are
    appended.

    Raises:
        AuditError: the registry refuses or cannot be reached.
    """
    replaced = store.served()

    def propose(history: AliasHistory) -> Entry | None:
        if history.line and not history.breaks and _has_grounds(history.line[-1].entry, grounds):
            return None
        return _entry(store, history, grounds, author, kind="promote", promotion=len(history.moves) + 1)

    return _outcome(store, propose, replaced, attestation)


def _has_grounds(entry: Entry, grounds: Grounds) -> bool:
    """Return whether an entry rests on the same, and on an attestation even if there is none among ``grounds``."""
    names = [name for name in Grounds.model_fields if name != "attestation" or grounds.attestation]
    return all(getattr(entry, name) == getattr(grounds, name) for name in names)


def roll_back(store: EntryStore, author: Author, problem: Callable[[Move], str]) -> MoveResult:
    """Move the alias to the version promoted before the current one, or to the current if the alias is on neither.

    Args:
        store: log and alias.
        author: who moves it.
        problem: says why a promotion cannot be gone back to; "" if it can. It is passed over, with a note.

    Raises:
        Refused: there is no promotion to go back to.
        AuditError: another move came first, or the registry refuses or cannot be reached.
    """
    begun = read_history(store)
    replaced = store.served()
    target, notes = _target(store, begun, replaced, problem)

    def propose(history: AliasHistory) -> Entry | None:
        if history.has_moved_since(begun):
            raise _moved(store, history)
        return _entry(store, history, target.entry, author, kind="rollback", promotion=target.entry.promotion)

    return _outcome(store, propose, replaced, notes=notes)


def _outcome(
    store: EntryStore,
    propose: Callable[[AliasHistory], Entry | None],
    replaced: int | None,
    attestation: str = "",
    notes: tuple[str, ...] = (),
) -> MoveResult:
    history, appended = append_and_settle(store, propose, attestation)
    return MoveResult(history, replaced, notes, appended)


def _target(
    store: EntryStore, history: AliasHistory, served: int | None, problem: Callable[[Move], str]
) -> tuple[Move, tuple[str, ...]]:
    """Return the newest promotion to go back to, and a note on each that was passed over."""
    candidates = history.line
    if history.moves and _is_on_way_to(history.moves[-1].entry, served):
        candidates = [move for move in history.line if move.entry.version != history.version]
    notes: list[str] = []
    for move in reversed(candidates):
        reason = problem(move)
        if not reason:
            return move, tuple(notes)
        notes.append(f"version {move.entry.version} was passed over: {reason}")
    edited = [f"entry {fault.number} of its log: {fault.problem}" for fault in history.faults if fault.breaks]
    raise Refused(
        where=store.place,
        expected="an earlier promotion to go back to",
        found="; ".join(notes + edited) or "none: no other version was promoted and not rolled back",
        fix="promote a version with the report of its audit",
    )


def _is_on_way_to(last: Entry, served: int | None) -> bool:
    """Return whether the alias is where the last move leads, or still where an interrupted promotion found it."""
    return served == last.version or (last.kind == "promote" and served == last.replaced)


def _entry(
    store: EntryStore,
    history: AliasHistory,
    grounds: Grounds,
    author: Author,
    *,
    kind: str,
    promotion: int,
) -> Entry:
    return promotion_entry(
        grounds,
        sequence=len(history.moves) + 1,
        previous=history.head,
        alias=store.alias,
        kind=kind,
        promotion=promotion,
        replaced=store.served(),
        actor=author.actor,
        time=utc_text(author.now),
        reason=author.reason,
    )


def _moved(store: EntryStore, history: AliasHistory) -> AuditError:
    last = history.moves[-1].entry
    return AuditError(
        where=store.place,
        expected="an alias that nobody else moves meanwhile",
        found=f"{last.kind} to version {last.version} by {last.actor} at {last.time}",
        fix=f"look at 'audit history', and run the command again if it is to go back from version {last.version}",
    )
