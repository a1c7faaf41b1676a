"""Monitoring of a promoted model: batches in, outcomes, alerts and rollbacks out."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from filelock import FileLock

from audit.attestation.statement import utc_text
from audit.check.run import Crash
from audit.errors import AuditError
from audit.model.model import open_model
from audit.monitoring.batch import MonitoredModel, ignore_crash, measure_batch
from audit.monitoring.batch_files import BatchFiles, open_batch
from audit.monitoring.decision import Arrival, Decider, run_alpha
from audit.monitoring.identity import PromotedModel, monitored_digest, promoted_model
from audit.monitoring.measured import BatchMeasurement
from audit.monitoring.outcome import BatchOutcome, Event
from audit.monitoring.reference import measure_reference
from audit.monitoring.rollback import failing_rule, roll_back
from audit.monitoring.store import Run, Store
from audit.policy.model import MonitoringSpec, ResolvedPolicy
from audit.subject.scoring import Progress


@dataclass(frozen=True)
class Observation:
    """Outcome of a batch; ``counted`` is False if the store had it already: the outcome is then the run's last."""

    outcome: BatchOutcome
    counted: bool


class _CountedMeanwhile(Exception):
    """Another process has counted rows of the same batch since it was looked up."""


class Monitor:
    """A promoted model that is monitored under a policy, with its store: a context manager.

    Args:
        policy: its model is monitored, and its rules are tested.
        folder: directory of the store, created with the first batch.
        progress: called while rows are scored.
        crash: called with a check's name and traceback when it crashes.

    Raises:
        AuditError: the store is of another policy, or the model is not there or not the promoted one.
    """

    def __init__(
        self,
        policy: ResolvedPolicy,
        folder: Path,
        progress: Progress = lambda *_: None,
        crash: Crash = ignore_crash,
    ) -> None:
        if policy.data.copies == "once":
            raise AuditError(
                where="data.copies: once",
                expected="a policy that counts every row: of batches, copies are not left out",
                found="one that leaves out rows that repeat another",
                fix="monitor with a policy without data.copies, on a reference without copies",
            )
        self._policy = policy
        self._folder = folder
        self._progress = progress
        self._crash = crash
        self._identity = monitored_digest(policy)
        self._store = Store.open_existing(folder, self._identity)
        self._open = ExitStack()
        self.model: PromotedModel = self._open.enter_context(promoted_model(policy))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        if self._store:
            self._store.close()

    @property
    def spec(self) -> MonitoringSpec:
        """The policy's section on monitoring."""
        return self._policy.monitoring

    @property
    def logs(self) -> Path | None:
        """Directory of TensorBoard's logs in the policy, None without one."""
        return Path(self.spec.tensorboard) if self.spec.tensorboard else None

    @property
    def store(self) -> Store:
        """The store, created if need be."""
        if self._store is None:
            self._store = Store.open(self._folder, self._identity)
        return self._store

    @property
    def run(self) -> Run | None:
        """The run of the model, None before its first batch."""
        return self._store.run(self.model.digest) if self._store else None

    def alarms(self) -> list[tuple[BatchOutcome, Event]]:
        """Return the alarms of the run that stand, each with the batch that raised it."""
        run = self.run
        outcomes = self.store.outcomes(run) if run else []
        return [(outcome, event) for outcome in outcomes for event in outcome.events if event.is_alarm]

    def observe(
        self, data: str | Path, labels: str | Path | None = None, as_of: datetime | None = None
    ) -> Observation:
        """Count a batch, unless the store has it, and decide on the state after it.

        Args:
            data: path of the batch, relative to the current directory.
            labels: path of labels that came later; the rows that have some already are not counted again.
            as_of: time that the batch is about, with its zone; the present by default.

        Raises:
            AuditError: batch or labels cannot be read or measured: the store is as it was.
        """
        files = open_batch(self._policy, str(data), str(labels) if labels else None)
        while True:
            try:
                return self._counted_once(files, as_of or datetime.now(UTC))
            except _CountedMeanwhile:
                continue

    def roll_back_if_due(self, observation: Observation) -> str:
        """Roll the alias back if the policy asks for it, once a run; return what came of it, "" if nothing was due.

        Raises:
            AuditError: the registry cannot be reached: the next batch tries again.
        """
        spec = self.spec.rollback
        rule = failing_rule(spec, observation.outcome)
        if spec is None or rule is None:
            return ""
        with FileLock(self._folder / "rollback.lock"):
            run = self.run
            if run is None or run.rolled_back:
                return ""
            now = datetime.now(UTC)
            text = roll_back(spec, self.model.digest, rule, observation.outcome, now)
            self.store.end_by_rollback(run, Event(kind="rollback", subject=rule, text=text), utc_text(now))
        return text

    @cached_property
    def _monitored(self) -> MonitoredModel:
        run = self.run
        local = self._policy.model.model_copy(update={"path": str(self.model.path)})
        reference = run.reference if run else None
        if reference is None:
            reference = measure_reference(self._policy.model_copy(update={"model": local}), self._progress)
        model = open_model(self._policy.model, self.model.path)
        return MonitoredModel(policy=self._policy, path=self.model.path, model=model, reference=reference)

    def _counted_once(self, files: BatchFiles, as_of: datetime) -> Observation:
        counted = self._counted(files)
        is_known = files.labels_digest in counted or (counted and not files.labels_digest)
        if is_known and (run := self.run):
            return Observation(self._last(run), counted=False)
        rows = np.concatenate([np.empty(0, np.uint64), *counted.values()])
        measured = measure_batch(
            self._monitored,
            replace(files, is_new=not counted, labelled_rows=rows),
            self._progress,
            self._crash,
        )
        if not measured.is_new and not measured.labelled and (run := self.run):
            return Observation(self._last(run), counted=False)
        store = self.store
        with store.transaction():
            if self._counted(files).keys() != counted.keys():
                raise _CountedMeanwhile
            return Observation(self._append(store, measured, as_of), counted=True)

    def _last(self, run: Run) -> BatchOutcome:
        last = self.store.last_outcome(run)
        assert last is not None  # a run begins with its first batch
        return last

    def _counted(self, files: BatchFiles) -> dict[str, np.ndarray]:
        """Return the labels that the batch was counted with, by their digest: "" is the batch itself."""
        run = self.run
        return self.store.counted(run, files.digest) if run else {}

    def _append(self, store: Store, measured: BatchMeasurement, as_of: datetime) -> BatchOutcome:
        """Decide on a measured batch and write everything that follows, within a transaction."""
        recorded = utc_text(datetime.now(UTC))
        reference = self._monitored.reference
        run = store.run(self.model.digest)
        is_first = run is None
        run = run or store.begin_run(self.model.digest, self.model.version, recorded, reference)
        if run.reference.digest != reference.digest:
            raise AuditError(
                where=reference.path,
                expected="the reference that this run began with",
                found="another one: its file was replaced meanwhile",
                fix="run the command again",
            )
        decider = Decider(self._policy, reference, run_alpha(self.spec.false_alarms, run.id))
        arrival = Arrival(utc_text(as_of), recorded, self._waived(as_of))
        state, outcome = decider.decide(store.state(run) or decider.initial(), measured, arrival)
        if measured.is_new:
            outcome = replace(
                outcome, notes=[*outcome.notes, *_late_arrival(outcome, store.latest_time(run))]
            )
        if is_first:
            started = Event(kind="started", text=f"{run.version} is monitored from now on", subject=run.model)
            outcome = replace(outcome, events=[started, *outcome.events])
        store.append(run, outcome, measured.labels_digest, measured.labelled_rows, state)
        return outcome

    def _waived(self, as_of: datetime) -> frozenset[str]:
        waivers = self._policy.waivers
        return frozenset(
            waiver.rule for waiver in waivers if "fail" in waiver.covers and as_of.date() < waiver.expires
        )


def _late_arrival(outcome: BatchOutcome, latest: str) -> list[str]:
    if outcome.as_of >= latest:
        return []
    return [
        f"as of {outcome.as_of}, earlier than {latest}, which came before it: it counts in the order of arrival"
    ]
