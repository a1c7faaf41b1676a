"""Stores of hand-made batches: what `Monitor` does with a store, with real decisions and without a model."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audit.model.head import Head
from audit.monitoring.decision import Arrival, Decider, run_alpha
from audit.monitoring.measured import BatchMeasurement, RuleMeasurement
from audit.monitoring.outcome import BatchOutcome, Event
from audit.monitoring.reference import Reference, ReferenceGroups
from audit.monitoring.store import Run, Store
from audit.monitoring.variable import Variable
from audit.policy.model import ResolvedPolicy
from audit.result import Measurement

IDENTITY = "sha256:" + "9" * 64
MODELS = ["sha256:" + 64 * letter for letter in "abc"]
FALSE_ALARMS = 0.05
ROWS = 100
LABELLED = {
    "": range(0),
    "first": range(60),
    "last": range(40, ROWS),
    "all": range(ROWS),
    "many": range(20_000),
}
"""Files of labels by their names: the rows of a batch that they label."""
RECORDED = "2027-06-01T00:00:00Z"

POLICY = ResolvedPolicy.model_validate(
    {
        "version": 1,
        "model": {"path": "model"},
        "data": {"path": "rows.csv", "label": "label"},
        "gate": {
            "min_rows": 20,
            "rules": [{"metric": "performance.accuracy", "at_least": 0.8, "id": "accurate"}],
        },
    }
)
REFERENCE = Reference(
    path="rows.csv",
    digest="sha256:" + "1" * 64,
    rows=1000,
    head=Head("sigmoid", 1, "its operation is Sigmoid"),
    favorable=[1],
    threshold=0.5,
    at_least=None,
    classes=[0, 1],
    inputs={},
    attributes=[ReferenceGroups(attribute="sex", values=["f", "m"], privileged=["m"])],
    groups=[("sex", "f")],
    variables=[
        Variable("feature", "age", edges=[20.5, 1 / 3 + 40, 60.0]),
        Variable("feature", "job", categories=["clerk", "cook"]),
    ],
    counts=[
        [[300, 400, 300, 0, 0], [150, 200, 150, 0, 0]],
        [[500, 400, 100, 0], [250, 200, 50, 0]],
    ],
)


@dataclass(frozen=True)
class Batch:
    """A batch by its number; those of 1,000 and more have drifted. ``labels`` names a file that came later."""

    number: int
    labels: str = ""

    @property
    def digest(self) -> str:
        return f"sha256:{self.number:064x}"

    @property
    def labels_digest(self) -> str:
        return self.labels and f"sha256:{self.labels}-{self.number}"

    @property
    def as_of(self) -> str:
        """A time that falls as often as it rises, from batch to batch."""
        return f"2027-01-{1 + 17 * self.number % 28:02d}T00:00:00Z"

    def measured(self, counted: Mapping[str, np.ndarray]) -> BatchMeasurement:
        """Return what is new of the batch, after what has been counted of it."""
        known = np.concatenate([np.empty(0, np.uint64), *counted.values()])
        keys = np.array(LABELLED[self.labels], np.uint64) + np.uint64(self.number << 8)
        keys = keys[~np.isin(keys, known)]
        return BatchMeasurement(
            digest=self.digest,
            labels_digest=self.labels_digest,
            rows=ROWS if not counted else 0,
            labelled=len(keys),
            is_new=not counted,
            counts=[] if counted else self._counts(),
            rules=[self._accuracy(len(keys))] if len(keys) else [],
            labelled_rows=keys.astype("<u8").tobytes(),
            notes=["the batch was made by hand"],
        )

    def _counts(self) -> list[list[list[int]]]:
        rng = np.random.default_rng(self.number)
        tables = []
        for (everyone, _), variable in zip(REFERENCE.counts, REFERENCE.variables, strict=True):
            shares = np.array(everyone) / sum(everyone)
            if self.number >= 1000:
                shares = np.roll(shares, 1)
            rows = rng.multinomial(ROWS, shares)
            tables.append([rows.tolist(), rng.binomial(rows, 0.5).tolist()])
            assert len(rows) == variable.bins
        return tables

    def _accuracy(self, rows: int) -> RuleMeasurement:
        hits = int(np.random.default_rng([self.number, rows]).binomial(rows, 0.85))
        measurement = Measurement(
            metric="performance.accuracy",
            value=hits / rows,
            n=rows,
            method="clopper-pearson",
            counts={"rate": [hits, rows]},
        )
        return RuleMeasurement(rule="accurate", low=0.8, high=np.inf, parts=[measurement], is_counted=True)


class CountedMeanwhile(Exception):
    """As `Monitor`'s: another process has counted the batch since it was looked up."""


class Counting:
    """What a `Monitor` does with its store, call by call; ``pause`` seconds take the place of measuring.

    ``repeats`` counts how often another process was faster.
    """

    def __init__(self, folder: Path, model: str = MODELS[0], pause: float = 0.0) -> None:
        self._folder = folder
        self._model = model
        self._pause = pause
        self._store = Store.open_existing(folder, IDENTITY)
        self.repeats = 0

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store.open(self._folder, IDENTITY)
        return self._store

    @property
    def run(self) -> Run | None:
        return self._store.run(self._model) if self._store else None

    def close(self) -> None:
        if self._store:
            self._store.close()

    def count(self, batch: Batch) -> tuple[BatchOutcome, bool]:
        """Return the outcome, and whether the batch was counted now."""
        while True:
            try:
                return self._counted_once(batch)
            except CountedMeanwhile:
                self.repeats += 1

    def _counted_once(self, batch: Batch) -> tuple[BatchOutcome, bool]:
        counted = self._counted(batch)
        is_known = batch.labels_digest in counted or (counted and not batch.labels_digest)
        if is_known and (run := self.run):
            return self._last(run), False
        measured = batch.measured(counted)
        time.sleep(self._pause)
        if not measured.is_new and not measured.labelled and (run := self.run):
            return self._last(run), False
        store = self.store
        with store.transaction():
            if self._counted(batch).keys() != counted.keys():
                raise CountedMeanwhile
            return self._append(store, measured, batch.as_of), True

    def _last(self, run: Run) -> BatchOutcome:
        last = self.store.last_outcome(run)
        assert last is not None
        return last

    def _counted(self, batch: Batch) -> dict[str, np.ndarray]:
        run = self.run
        return self.store.counted(run, batch.digest) if run else {}

    def _append(self, store: Store, measured: BatchMeasurement, as_of: str) -> BatchOutcome:
        run = store.run(self._model)
        is_first = run is None
        run = run or store.begin_run(self._model, f"income@{self._model[7]}", RECORDED, REFERENCE)
        decider = decider_of(run.id)
        state, outcome = decider.decide(
            store.state(run) or decider.initial(), measured, Arrival(as_of, RECORDED)
        )
        outcome = with_notes(
            outcome, store.latest_time(run) if measured.is_new else "", run if is_first else None
        )
        store.append(run, outcome, measured.labels_digest, measured.labelled_rows, state)
        return outcome


def decider_of(run: int) -> Decider:
    return Decider(POLICY, REFERENCE, run_alpha(FALSE_ALARMS, run))


def with_notes(outcome: BatchOutcome, latest: str, begun: Run | None) -> BatchOutcome:
    """Return the outcome with a note if it came late, and with an event if a run has begun with it."""
    if outcome.as_of < latest:
        outcome = replace(outcome, notes=[*outcome.notes, f"earlier than {latest}"])
    if begun:
        started = Event(kind="started", text=f"{begun.version} is monitored from now on", subject=begun.model)
        outcome = replace(outcome, events=[started, *outcome.events])
    return outcome


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store.open(folder, IDENTITY)
    try:
        yield store
    finally:
        store.close()


def processes() -> multiprocessing.context.ForkServerContext:
    """Return the context of processes that have these modules loaded, and the environment of the first of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def the_run(store: Store) -> Run:
    run = store.run(MODELS[0])
    assert run is not None
    return run


def outcome_of(batch: Batch) -> BatchOutcome:
    """Return the outcome of a batch that is the first."""
    decider = decider_of(1)
    return decider.decide(decider.initial(), batch.measured({}), Arrival(batch.as_of, RECORDED))[1]


def append(store: Store, batch: Batch, number: int = 0) -> None:
    """Append a batch and its alerts as they are, in a transaction of the caller."""
    outcome = replace(outcome_of(batch), events=[Event(kind="drift", text=f"alert {number}", subject="age")])
    store.append(the_run(store), outcome, batch.labels_digest, b"", decider_of(1).initial())
