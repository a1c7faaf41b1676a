"""Promotions and rollbacks one after the other: where the alias is afterwards, and what counts of an edited log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.errors import AuditError, Refused
from audit.promotion.history import Record, fold
from audit.promotion.log import read_history
from audit.promotion.moves import promote_to, roll_back

from .memory import AUTHOR, Client, Memory, digest, grounds


def promoted(*versions: int) -> Memory:
    store = Memory()
    for version in versions:
        promote_to(store, grounds(version), AUTHOR)
    return store


def back(store: Memory, *bad: int) -> int | None:
    roll_back(store, AUTHOR, lambda move: "other bytes" if move.entry.version in bad else "")
    return store.version


def test_a_promotion_is_recorded_once() -> None:
    store = promoted(1, 2, 2)
    assert (store.version, len(store.log)) == (2, 2)
    entry = read_history(store).moves[-1].entry
    assert (entry.replaced, entry.sequence, entry.actor, entry.time) == (1, 2, "ann", "2026-06-15T12:00:00Z")


def test_other_grounds_for_a_version_are_recorded_and_its_attestation_is_not_lost() -> None:
    """As when an attestation has expired, and the report is signed again."""
    store = promoted(1, 2)
    signed = [
        grounds(2).model_copy(update={"attestation": attestation}) for attestation in (digest(1), digest(2))
    ]
    for renewed in [*signed, signed[-1], grounds(2)]:
        promote_to(store, renewed, AUTHOR)
    moves = read_history(store).moves
    assert [move.entry.attestation for move in moves[2:]] == [digest(1), digest(2)]
    assert back(store) == 1, "a version is no earlier version of itself"


def test_rollbacks_go_back_one_promotion_each() -> None:
    store = promoted(1, 2, 3)
    assert [back(store), back(store)] == [2, 1]
    with pytest.raises(Refused, match="an earlier promotion"):
        back(store)
    promote_to(store, grounds(4), AUTHOR)
    assert back(store) == 1


def test_a_rollback_passes_over_what_cannot_be_served() -> None:
    store = promoted(1, 2, 3)
    outcome = roll_back(store, AUTHOR, lambda move: "other bytes" if move.entry.version == 2 else "")
    assert (store.version, outcome.notes) == (1, ("version 2 was passed over: other bytes",))
    assert [move.entry.version for move in outcome.history.line] == [1]


@pytest.mark.parametrize(("served", "after"), [(3, 2), (2, 2), (9, 3), (1, 3), (None, 3)])
def test_where_a_rollback_leads_if_the_alias_is_elsewhere(served: int | None, after: int) -> None:
    """On the version before, a promotion was interrupted and is undone; elsewhere, others have moved the alias."""
    store = promoted(1, 2, 3)
    store.version = served
    assert back(store) == after


@pytest.mark.parametrize(("served", "after"), [(2, 1), (3, 2), (None, 2)])
def test_a_rollback_that_was_interrupted_is_completed(served: int | None, after: int) -> None:
    store = promoted(1, 2, 3)
    back(store)
    store.version = served
    assert back(store) == after


def test_a_rollback_never_leads_to_the_version_that_it_leaves() -> None:
    store = promoted(1, 2, 1)
    with pytest.raises(Refused, match="version 2 was passed over"):
        back(store, 2)
    assert (store.version, len(store.log)) == (1, 3)


def test_a_promotion_puts_an_alias_back_without_a_new_entry() -> None:
    store = promoted(1, 2)
    store.version = 7
    assert promote_to(store, grounds(2), AUTHOR).replaced == 7
    assert (store.version, len(store.log)) == (2, 2)


def test_a_late_writer_corrects_itself() -> None:
    store = Memory()
    late = Client(store, lambda client: promote_to(client, grounds(1), AUTHOR))
    while late.call != "serve":
        late.step()
    promote_to(store, grounds(2), AUTHOR)
    while not late.done:
        late.step()
    assert store.version == read_history(store).version == 2


def test_two_rollbacks_at_once_go_back_once() -> None:
    store = promoted(1, 2, 3)
    late = Client(store, lambda client: roll_back(client, AUTHOR, lambda _: ""))
    for _ in range(4):
        late.step()
    back(store)
    while not late.done:
        late.step()
    assert "rollback to version 2 by ann" in str(late.error)
    assert store.version == 2


def edited(text: str) -> str:
    return text.replace('"actor":"ann"', '"actor":"eve"')


@pytest.mark.parametrize(
    ("change", "counted", "problem"),
    [
        (
            lambda log: [replace(log[0], text=edited(log[0].text)), *log[1:]],
            1,
            "its previous digest is not that of",
        ),
        (lambda log: log[1:], 0, "the move 1 is missing"),
        (lambda log: [log[0], log[2]], 1, "the move 2 is missing"),
        (lambda log: [log[0], replace(log[1], text="{}"), log[2]], 1, "it holds no entry"),
        (lambda log: [*log, Record(4, log[0].text)], 3, ""),
        (lambda log: [*log, Record(4, log[2].text)], 3, ""),
        (lambda log: [*log, Record(4, "no JSON")], 3, "it holds no entry"),
        (lambda log: [*log, Record(4, "\ud800")], 3, "it holds no entry"),
    ],
)
def test_edited_deleted_and_copied_entries(
    change: Callable[[list[Record]], list[Record]], counted: int, problem: str
) -> None:
    history = fold(change(promoted(1, 2, 3).log), "champion")
    assert len(history.moves) == counted
    assert problem in "; ".join(fault.problem for fault in history.faults)
    assert bool(history.faults) == bool(problem)


def test_an_entry_that_cannot_be_read_makes_the_log_doubtful_until_the_next_promotion() -> None:
    store = promoted(1, 2, 3)
    store.log[2] = replace(store.log[2], text="x")
    assert (read_history(store).version, len(read_history(store).breaks)) == (2, 1)
    with pytest.raises(Refused, match="it holds no entry"):
        back(store)
    promote_to(store, grounds(3), AUTHOR)
    assert not read_history(store).breaks


def test_no_rollback_goes_back_beyond_an_edit() -> None:
    store = promoted(1, 2, 3)
    store.log[0] = replace(store.log[0], text=edited(store.log[0].text))
    with pytest.raises(Refused, match="entry 2 of its log"):
        back(store)
    for version in (4, 5):
        promote_to(store, grounds(version), AUTHOR)
    assert back(store) == 4
    with pytest.raises(Refused):
        back(store)


def test_a_forged_rollback_to_what_was_not_promoted_does_not_count() -> None:
    store = promoted(1, 2)
    entry = read_history(store).moves[-1].entry
    forged = entry.model_copy(
        update={"sequence": 3, "previous": entry.digest, "kind": "rollback", "promotion": 1, "version": 9}
    )
    store.append(forged, "")
    assert read_history(store).version == 2
    assert "what was not promoted" in read_history(store).faults[0].problem


def test_aliases_do_not_share_a_history() -> None:
    store = promoted(1)
    other = Memory(log=store.log, alias="challenger")
    promote_to(other, grounds(2), AUTHOR)
    assert [read_history(s).version for s in (store, other)] == [1, 2]


def test_an_alias_that_others_keep_moving_is_given_up() -> None:
    class Contested(Memory):
        def serve(self, version: int) -> None:
            self.version = 9

    with pytest.raises(AuditError, match="moved by others 50 times"):
        promote_to(Contested(), grounds(1), AUTHOR)
