"""Oracle of stores: runs, batches and alerts as lists, and what a file has to hold after its batches."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from audit.monitoring.decision import Arrival
from audit.monitoring.outcome import BatchOutcome, Event
from audit.monitoring.run_state import RunState
from audit.monitoring.store import Run
from audit.monitoring.store_file import FILE

from .stores import LABELLED, MODELS, RECORDED, REFERENCE, Batch, decider_of, opened, with_notes


class InMemory:
    """Runs, batches and alerts as lists, each batch decided on when it is counted."""

    def __init__(self) -> None:
        self.runs: list[RunInMemory] = []
        self.alerts: list[tuple[str, str, dict[str, object]]] = []

    def count(self, model: str, batch: Batch) -> bool:
        """Return whether the batch is new."""
        run = self.runs[-1] if self.runs and self.runs[-1].model == model else None
        if run and not run.is_news(batch):
            return False
        is_first = run is None
        if run is None:
            run = RunInMemory(len(self.runs) + 1, model)
            self.runs.append(run)
        outcome = run.count(batch, is_first)
        for event in outcome.events:
            if event.kind != "started" or run.number > 1:
                self._alert(run, event)
        return True

    def roll_back(self, event: Event) -> None:
        run = self.runs[-1]
        run.rolled_back = event.text
        run.outcomes[-1] = replace(run.outcomes[-1], events=[*run.outcomes[-1].events, event])
        self._alert(run, event)

    def _alert(self, run: RunInMemory, event: Event) -> None:
        as_of = run.outcomes[-1].as_of
        facts: dict[str, object] = {"version": run.version, "model": run.model, "as_of": as_of}
        facts["subject"] = event.subject
        self.alerts.append((event.kind, event.text, facts))


class RunInMemory:
    def __init__(self, number: int, model: str) -> None:
        self.number = number
        self.model = model
        self.version = f"income@{model[7]}"
        self.rolled_back = ""
        self.batches: list[tuple[Batch, np.ndarray]] = []
        self.outcomes: list[BatchOutcome] = []
        self._decider = decider_of(number)
        self.state = self._decider.initial()

    def counted(self, digest: str) -> dict[str, np.ndarray]:
        return {batch.labels_digest: keys for batch, keys in self.batches if batch.digest == digest}

    def is_news(self, batch: Batch) -> bool:
        counted = [other for other, _ in self.batches if other.number == batch.number]
        labelled = {row for other in counted for row in LABELLED[other.labels]}
        return not counted or not labelled.issuperset(LABELLED[batch.labels])

    @property
    def latest(self) -> str:
        return max((batch.as_of for batch, _ in self.batches), default="")

    def count(self, batch: Batch, is_first: bool) -> BatchOutcome:
        measured = batch.measured(self.counted(batch.digest))
        self.state, outcome = self._decider.decide(self.state, measured, Arrival(batch.as_of, RECORDED))
        begun = Run(self.number, self.model, self.version, RECORDED, REFERENCE, "") if is_first else None
        self.outcomes.append(with_notes(outcome, self.latest if measured.is_new else "", begun))
        self.batches.append((batch, np.frombuffer(measured.labelled_rows, "<u8")))
        return self.outcomes[-1]


def stored_batches(folder: Path) -> list[Batch]:
    """Return the batches of the first run in their order, read without the store's code."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        rows = connection.execute("SELECT digest, labels FROM batches WHERE run = 1 ORDER BY id").fetchall()
    return [Batch(int(digest[7:], 16), labels[7:].partition("-")[0]) for digest, labels in rows]


def require_sound(folder: Path) -> list[BatchOutcome]:
    """Require that the file is sound and its state is what follows from its batches; return their outcomes."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    expected = RunInMemory(1, MODELS[0])
    for batch in stored_batches(folder):
        expected.count(batch, not expected.batches)
    with opened(folder) as store:
        run = store.run(MODELS[0])
        if run is None:
            assert not expected.batches
            return []
        outcomes = store.outcomes(run)
        assert [outcome.sequence for outcome in outcomes] == list(range(1, len(outcomes) + 1))
        assert repr(outcomes) == repr(expected.outcomes)
        require_same_state(store.state(run), expected.state)
    return outcomes


def require_same_state(state: RunState | None, expected: RunState) -> None:
    assert state is not None
    for name, values in vars(expected.drift).items():
        np.testing.assert_array_equal(getattr(state.drift, name), values)
    assert replace(state, drift=expected.drift) == expected
