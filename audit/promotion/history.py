"""Fold of a promotion log into the history of one alias: a pure function of the log's records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audit.errors import AuditError
from audit.promotion.entry import Entry, parse_entry, text_digest


@dataclass(frozen=True)
class Record:
    """What a log keeps under a number: the text of an entry, and that of an attestation, "" without one."""

    number: int
    text: str
    attestation: str = ""

    @property
    def digest(self) -> str:
        """Digest of the entry's text as it is kept."""
        return text_digest(self.text)


@dataclass(frozen=True)
class Move:
    """Record that counts, with its entry."""

    record: Record
    entry: Entry


@dataclass(frozen=True)
class LogFault:
    """Record that no run of this program leaves behind, by its number, and what is wrong with it."""

    number: int
    problem: str
    breaks: bool
    """Whether the entries before it can no longer be relied on."""


@dataclass(frozen=True, kw_only=True)
class AliasHistory:
    """Moves of an alias in their order, and what is wrong with its log.

    ``line`` are the promotions that are neither rolled back nor before an edit of the log: the last is the current one,
    and a rollback goes to one of the others.
    """

    alias: str
    moves: Sequence[Move] = ()
    line: Sequence[Move] = ()
    faults: Sequence[LogFault] = field(default=())

    @property
    def version(self) -> int | None:
        """Version that the alias should name; None if nothing was promoted."""
        return self.moves[-1].entry.version if self.moves else None

    @property
    def head(self) -> str | None:
        """Digest of the last move, which the next one has to name."""
        return self.moves[-1].record.digest if self.moves else None

    @property
    def breaks(self) -> list[LogFault]:
        """Faults that came after the last move and make it doubtful."""
        last = self.moves[-1].record.number if self.moves else 0
        return [fault for fault in self.faults if fault.breaks and fault.number > last]

    def last_entry(self, version: int) -> Entry | None:
        """Return the last entry for ``version``, None if it was never promoted."""
        entries = (move.entry for move in reversed(self.moves) if move.entry.version == version)
        return next(entries, None)

    def has_moved_since(self, earlier: "AliasHistory") -> bool:
        """Return whether there is a move that ``earlier`` does not have."""
        return self.head != earlier.head

    def has(self, entry: Entry) -> bool:
        """Return whether ``entry`` counts."""
        return any(move.record.digest == entry.digest for move in self.moves)


def fold(records: Iterable[Record], alias: str) -> AliasHistory:
    """Return the history of ``alias``.

    An entry counts if its sequence number is the next one and it names the digest of the move before. One with a
    lower number came second to another, or is a copy. One that claims to be next, or later, and does not follow, or
    that cannot be read, is the sign of an edited or deleted entry: it does not count, and no rollback goes back beyond
    it.
    """
    moves: list[Move] = []
    line: list[Move] = []
    faults: list[LogFault] = []
    for record in sorted(records, key=lambda record: record.number):
        try:
            move = Move(record, parse_entry(record.text))
        except AuditError as error:
            faults.append(LogFault(record.number, f"it holds no entry: {error.found}", breaks=True))
            line = []
            continue
        if move.entry.alias != alias or move.entry.sequence <= len(moves):
            continue
        if problem := _problem(move.entry, moves, line):
            faults.append(LogFault(record.number, problem, breaks=True))
            line = []
            continue
        moves.append(move)
        line = [*(m for m in line if m.entry.sequence <= move.entry.promotion), *_promoted(move)]
    return AliasHistory(alias=alias, moves=moves, line=line, faults=faults)


def _promoted(move: Move) -> list[Move]:
    return [move] if move.entry.kind == "promote" else []


def _problem(entry: Entry, moves: Sequence[Move], line: Sequence[Move]) -> str:
    """Return why an entry does not follow the moves before it; empty if it does."""
    following = len(moves) + 1
    if entry.sequence > following:
        return (
            f"it is the move {entry.sequence}, and the move {following} is missing: it was edited or deleted"
        )
    if entry.previous != (moves[-1].record.digest if moves else None):
        return "its previous digest is not that of the move before: one of the two was edited"
    if entry.kind == "promote":
        return "" if entry.promotion == entry.sequence else "it is a promotion with the number of another one"
    targets = [m.entry for m in line if m.entry.sequence == entry.promotion]
    same = any((target.version, target.model) == (entry.version, entry.model) for target in targets)
    return "" if same else "it rolls back to what was not promoted"
