"""The protocol of promotions, against a registry with compare-and-swap: all interleavings of clients that may fail."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from audit.errors import AuditError
from audit.promotion.history import fold
from audit.promotion.log import read_history
from audit.promotion.moves import promote_to, roll_back

from .memory import AUTHOR, Client, Killed, Memory, digest, grounds, timed_out


class Reference(Memory):
    """The same store, that also keeps what a registry would that takes an entry only if nobody was first."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[Any] = []
        self.stack: list[int] = []

    def append(self, entry: Any, attestation: str) -> None:
        super().append(entry, attestation)
        head = self.accepted[-1].digest if self.accepted else None
        if entry.previous == head:
            self.accepted.append(entry)
            if entry.kind == "promote":
                self.stack.append(entry.sequence)
            else:
                while self.stack[-1] != entry.promotion:
                    self.stack.pop()


class Protocol(RuleBasedStateMachine):
    """Clients promote and roll back at once; each may be killed, refused, or left without an answer, at any step."""

    @initialize(faults=st.booleans())
    def start(self, faults: bool) -> None:
        self.faults = faults
        self.store = Reference()
        self.clients: list[Client] = []
        self.ended: list[Client] = []

    @rule(version=st.integers(1, 4), attestation=st.sampled_from([None, digest(1), digest(2)]))
    def promote(self, version: int, attestation: str | None) -> None:
        attested = grounds(version).model_copy(update={"attestation": attestation})
        self._begin(lambda store: promote_to(store, attested, AUTHOR))

    @rule()
    def roll_back(self) -> None:
        self._begin(lambda store: roll_back(store, AUTHOR, lambda _: ""))

    def _begin(self, operation: Any) -> None:
        if len(self.clients) < 4:
            self.clients.append(Client(self.store, operation))

    @precondition(lambda self: self.clients)
    @rule(
        data=st.data(),
        steps=st.sampled_from([1, 2, 5, 10, 30]),
        fault=st.sampled_from([None, None, None, "kill", "time-out"]),
    )
    def go_on(self, data: st.DataObject, steps: int, fault: str | None) -> None:
        client = data.draw(st.sampled_from(self.clients))
        for left in reversed(range(steps)):
            error = {None: None, "kill": Killed(), "time-out": timed_out()}[
                fault if self.faults and not left else None
            ]
            client.step(error)
            if client.done:
                self.clients.remove(client)
                self.ended.append(client)
                return

    @invariant()
    def the_log_folds_to_what_was_accepted(self) -> None:
        history = fold(self.store.records(), "champion")
        assert [move.entry for move in history.moves] == self.store.accepted
        assert [move.entry.sequence for move in history.line] == self.store.stack
        assert not history.faults

    @invariant()
    def the_alias_is_on_a_version_that_the_log_has_named(self) -> None:
        assert self.store.version in {None, *(entry.version for entry in self.store.accepted)}

    def teardown(self) -> None:
        for client in self.clients:
            while not client.done:
                client.step()
        clients = [*self.ended, *self.clients]
        assert all(
            client.error is None or isinstance(client.error, (AuditError, Killed)) for client in clients
        )
        appended = sum(client.error is None and client.result.appended for client in clients)
        lost = sum(_is_without_answer(client) for client in clients)
        assert appended <= len(self.store.accepted) <= appended + lost
        if not lost:
            assert self.store.version == (self.store.accepted[-1].version if self.store.accepted else None)
        promote_to(self.store, grounds(5), AUTHOR)
        assert self.store.version == 5 == read_history(self.store).version


def _is_without_answer(client: Client) -> bool:
    """Return whether the client was killed or got no answer: what it sent may have arrived."""
    return isinstance(client.error, Killed) or "none in time" in str(client.error)


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=150, stateful_step_count=40)
