"""A store against lists in memory, in any order of calls."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from audit.monitoring.outcome import Event
from audit.monitoring.store import Run

from .stores import MODELS, RECORDED, REFERENCE, Batch, Counting
from .stores_in_memory import InMemory, require_same_state


class StoreAgainstLists(RuleBasedStateMachine):
    """Batches, late labels, other models, rollbacks and alerts in any order, with and without closing the file."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.expected = InMemory()
        self.model = MODELS[0]
        self.delivered: set[int] = set()
        self.counting = Counting(Path(self.directory.name) / "store", self.model)

    @rule(
        number=st.sampled_from([0, 1, 2, 3, 1000, 1001]), labels=st.sampled_from(["", "first", "last", "all"])
    )
    def count(self, number: int, labels: str) -> None:
        batch = Batch(number, labels)
        is_new = self.expected.count(self.model, batch)
        outcome, counted = self.counting.count(batch)
        assert counted == is_new
        assert repr(outcome) == repr(self.expected.runs[-1].outcomes[-1])

    @rule(model=st.sampled_from(MODELS))
    def monitor_model(self, model: str) -> None:
        self.model = model
        self.reopen()

    @rule()
    def reopen(self) -> None:
        self.counting.close()
        self.counting = Counting(Path(self.directory.name) / "store", self.model)

    @precondition(lambda self: self.expected.runs)
    @rule()
    def roll_back(self) -> None:
        run = self.counting.store.runs()[-1]
        event = Event(kind="rollback", subject="accurate", text=f"rolled back to {len(self.expected.alerts)}")
        self.counting.store.end_by_rollback(run, event, RECORDED)
        self.expected.roll_back(event)

    @precondition(lambda self: self.expected.alerts)
    @rule(data=st.data(), is_delivered=st.booleans())
    def mark(self, data: st.DataObject, is_delivered: bool) -> None:
        place = data.draw(st.integers(1, len(self.expected.alerts)))
        if is_delivered:
            self.counting.store.mark_delivered(place)
            self.delivered.add(place)
        else:
            self.counting.store.mark_failed(place, "no answer")

    @rule()
    def fail_in_a_transaction(self) -> None:
        with pytest.raises(ZeroDivisionError), self.counting.store.transaction():
            self.counting.store.add_alert(RECORDED, "drift", "of nothing", {})
            self.counting.store.begin_run(MODELS[0], "v", RECORDED, REFERENCE)
            raise ZeroDivisionError

    @invariant()
    def agree(self) -> None:
        store = self.counting.store
        runs = store.runs()
        assert runs == [
            Run(run.number, run.model, run.version, RECORDED, REFERENCE, run.rolled_back)
            for run in self.expected.runs
        ]
        for run, expected in zip(runs, self.expected.runs, strict=True):
            assert repr(store.outcomes(run)) == repr(expected.outcomes)
            assert repr(store.last_outcome(run)) == repr(expected.outcomes[-1])
            assert store.latest_time(run) == expected.latest
            for digest in {batch.digest for batch, _ in expected.batches} | {"sha256:none"}:
                counted = {name: keys.tolist() for name, keys in store.counted(run, digest).items()}
                assert counted == {name: keys.tolist() for name, keys in expected.counted(digest).items()}
            require_same_state(store.state(run), expected.state)
        for model in MODELS:
            is_newest = bool(runs) and runs[-1].model == model
            assert store.run(model) == (runs[-1] if is_newest else None)
        assert [(alert.id, alert.kind, alert.text, alert.facts) for alert in store.pending()] == [
            (place, *alert)
            for place, alert in enumerate(self.expected.alerts, 1)
            if place not in self.delivered
        ]

    def teardown(self) -> None:
        self.counting.close()
        self.directory.cleanup()


TestStoreAgainstLists = StoreAgainstLists.TestCase
TestStoreAgainstLists.settings = settings(
    max_examples=60, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
