"""Protocol of a promotion: append an entry, then set the alias to what the log says until it stands.

The registry has no compare-and-swap for aliases, but it numbers the versions of a model without gaps. So the log
decides: of the entries made for the same place, the first counts. The alias follows it. Whoever sets the alias reads
the log again afterwards, so that a late writer corrects itself; if it is killed before, the next one does.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from audit.errors import AuditError
from audit.promotion.entry import Entry
from audit.promotion.history import AliasHistory, Record, fold

_MAX_TRIES = 50


class EntryStore(Protocol):
    """Log and alias of a registered model."""

    @property
    def place(self) -> str:
        """Address of the alias, for messages."""

    @property
    def alias(self) -> str:
        """Name of the alias."""

    def records(self) -> Sequence[Record]:
        """Return everything in the log, whichever alias it is about."""

    def append(self, entry: Entry, attestation: str) -> None:
        """Add an entry under the next number, with its attestation, as a whole or not at all."""

    def served(self) -> int | None:
        """Return the version that the alias names, None if there is no such alias."""

    def serve(self, version: int) -> None:
        """Let the alias name ``version``."""


def read_history(store: EntryStore) -> AliasHistory:
    """Return the history of the store's alias."""
    return fold(store.records(), store.alias)


def append_and_settle(
    store: EntryStore, propose: Callable[[AliasHistory], Entry | None], attestation: str = ""
) -> tuple[AliasHistory, bool]:
    """Append the entry that ``propose`` makes for the present history, and settle the alias.

    If another entry takes its place in the log, ``propose`` is asked again; it returns None if nothing is to be added.

    Returns:
        The new history, and whether an entry was added to it.

    Raises:
        AuditError: the registry refuses or cannot be reached, or others are faster time and again.
    """
    for _ in range(_MAX_TRIES):
        entry = propose(read_history(store))
        if entry is None:
            return settle(store), False
        store.append(entry, attestation)
        if read_history(store).has(entry):
            return settle(store), True
    raise _busy(store)


def settle(store: EntryStore) -> AliasHistory:
    """Set the alias to what the log says, until both agree, and return the history.

    Raises:
        AuditError: the registry refuses or cannot be reached, or something else moves the alias time and again.
    """
    for _ in range(_MAX_TRIES):
        history = read_history(store)
        if history.version is None or store.served() == history.version:
            return history
        store.serve(history.version)
    raise _busy(store)


def _busy(store: EntryStore) -> AuditError:
    return AuditError(
        where=store.place,
        expected="an alias that stays where the log says",
        found=f"it was moved by others {_MAX_TRIES} times meanwhile",
        fix="run the command again",
    )
