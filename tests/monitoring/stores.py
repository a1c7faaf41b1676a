"""Stores of hand-made batches: what `Monitor` does with a store, with real decisions and without a model."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from audit.model.head import Head
from audit.monitoring.decision import Arrival, Decider, run_alpha
from audit.monitoring.measured import BatchMeasurement, RuleMeasurement
from audit.monitoring.outcome import BatchOutcome, Event
from audit.monitoring.reference import Reference, ReferenceGroups
from audit.monitoring.run_state import RunState
from audit.monitoring.store import FILE, Run, Store, existing_store, open_store
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
        self._store = existing_store(folder, IDENTITY)
        self.repeats = 0

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = open_store(self._folder, IDENTITY)
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


class InMemory:
    """The oracle: runs, batches and alerts as lists, each batch decided on when it is counted."""

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


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


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


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = open_store(folder, IDENTITY)
    try:
        yield store
    finally:
        store.close()


def processes() -> multiprocessing.context.ForkServerContext:
    """Return the context of processes that have these modules loaded, and the environment of the first of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@contextmanager
def small_disk(folder: Path, kibibytes: int = 300) -> Iterator[Path]:
    """Yield the directory of a disk of its own; where that is not permitted, the test is skipped."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def filled(disk: Path, spare_pages: int = 0) -> Iterator[None]:
    """Context in which a disk has room for so many pages of 4 KiB."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))
    os.truncate(ballast, max(0, ballast.stat().st_size - 4096 * spare_pages))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def without_rights() -> Iterator[Path]:
    """Yield a directory that anybody may read, and become a user who may change nothing in it once it is read-only."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        try:
            yield Path(name)
        finally:
            for entry in [Path(name), *Path(name).rglob("*")]:
                entry.chmod(0o755)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Context in which this process has no rights of root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
