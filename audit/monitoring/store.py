"""Store of monitoring: one SQLite file, in which a batch is counted once, whoever gives it and whatever is killed.

A batch, the state after it, and the alerts that it causes are written in one transaction, before anything is sent.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter

from audit.monitoring.outcome import BatchOutcome, Event
from audit.monitoring.reference import Reference
from audit.monitoring.run_state import RunState, parse_state, state_bytes
from audit.monitoring.store_file import StoreFile
from audit.monitoring.webhook import Alert

_OUTCOME = TypeAdapter(BatchOutcome)
_REFERENCE = TypeAdapter(Reference)


class Run(NamedTuple):
    """Monitoring of one model version: its number in the store, the model's digest, and when it began."""

    id: int
    model: str
    version: str
    started: str
    reference: Reference
    rolled_back: str

    @property
    def name(self) -> str:
        """Name for a directory: the run's number, what the model is called, and the beginning of its digest."""
        called = re.sub(r"[^A-Za-z0-9]+", "-", self.version)[-40:].strip("-")
        return f"run-{self.id}-{called}-{self.model.removeprefix('sha256:')[:8]}"


class Store(StoreFile):
    """Runs, batches and alerts of monitoring."""

    def run(self, model: str) -> Run | None:
        """Return the newest run, if it is of the model with this digest; else None: it has yet to begin."""
        newest = self._runs("ORDER BY id DESC LIMIT 1")
        return newest[0] if newest and newest[0].model == model else None

    def runs(self) -> list[Run]:
        """Return all runs in their order."""
        return self._runs("ORDER BY id")

    def _runs(self, order: str) -> list[Run]:
        rows = self._rows(f"SELECT id, model, version, started, reference, rolled_back FROM runs {order}")
        with self._parsing():
            return [
                Run(place, model, version, started, _REFERENCE.validate_python(json.loads(text)), rolled_back)
                for place, model, version, started, text, rolled_back in rows
            ]

    def begin_run(self, model: str, version: str, started: str, reference: Reference) -> Run:
        """Append a run of a model, in a transaction."""
        version = version.encode("utf-8", "backslashreplace").decode()  # of a file's name that is not UTF-8
        place = self._write(
            "INSERT INTO runs (model, version, started, reference) VALUES (?, ?, ?, ?)",
            *(model, version, started, json.dumps(asdict(reference))),
        )
        return Run(place, model, version, started, reference, "")

    def state(self, run: Run) -> RunState | None:
        """Return the state after the last batch of a run, None before the first."""
        ((content,),) = self._rows("SELECT state FROM runs WHERE id = ?", run.id)
        with self._parsing():
            return None if content is None else parse_state(content)

    def append(
        self, run: Run, outcome: BatchOutcome, labels_digest: str, keys: bytes, state: RunState
    ) -> None:
        """Append a batch with the state after it and an alert for each of its events, in a transaction."""
        self._write(
            "INSERT INTO batches (run, digest, labels, as_of, outcome, keys) VALUES (?, ?, ?, ?, ?, ?)",
            *(run.id, outcome.digest, labels_digest, outcome.as_of, json.dumps(asdict(outcome)), keys),
        )
        self._write("UPDATE runs SET state = ? WHERE id = ?", state_bytes(state), run.id)
        for event in outcome.events:
            if event.kind != "started" or run.id > 1:  # whoever begins to monitor knows
                self.add_alert(outcome.recorded, event.kind, event.text, _facts(run, outcome.as_of, event))

    def outcomes(self, run: Run) -> list[BatchOutcome]:
        """Return the batches of a run in order of arrival."""
        return self._outcomes(run, "ORDER BY id")

    def last_outcome(self, run: Run) -> BatchOutcome | None:
        """Return the last batch of a run, None before the first."""
        return next(iter(self._outcomes(run, "ORDER BY id DESC LIMIT 1")), None)

    def _outcomes(self, run: Run, order: str) -> list[BatchOutcome]:
        rows = self._rows(f"SELECT outcome FROM batches WHERE run = ? {order}", run.id)
        with self._parsing():
            return [_OUTCOME.validate_python(json.loads(text)) for (text,) in rows]

    def counted(self, run: Run, digest: str) -> dict[str, np.ndarray]:
        """Return the numbers of the rows whose labels were counted, by the labels' digest, "" without a file."""
        rows = self._rows("SELECT labels, keys FROM batches WHERE run = ? AND digest = ?", run.id, digest)
        with self._parsing():
            return {labels: np.frombuffer(keys, "<u8") for labels, keys in rows}

    def latest_time(self, run: Run) -> str:
        """Return the latest ``as_of`` of a run, "" before the first batch."""
        return str(self._rows("SELECT coalesce(max(as_of), '') FROM batches WHERE run = ?", run.id)[0][0])

    def end_by_rollback(self, run: Run, event: Event, recorded: str) -> None:
        """Record what came of the rollback of a run, with its last batch and as an alert: there is no second one."""
        with self.transaction():
            ((place, text),) = self._rows(
                "SELECT id, outcome FROM batches WHERE run = ? ORDER BY id DESC LIMIT 1", run.id
            )
            with self._parsing():
                outcome = json.loads(text)
                outcome["events"].append(asdict(event))
            self._write("UPDATE batches SET outcome = ? WHERE id = ?", json.dumps(outcome), place)
            self._write("UPDATE runs SET rolled_back = ? WHERE id = ?", event.text, run.id)
            self.add_alert(recorded, event.kind, event.text, _facts(run, outcome["as_of"], event))

    def add_alert(self, created: str, kind: str, text: str, facts: Mapping[str, object]) -> None:
        """Queue an alert, in a transaction."""
        self._write(
            "INSERT INTO alerts (created, kind, text, facts) VALUES (?, ?, ?, ?)",
            *(created, kind, text, json.dumps(facts)),
        )

    def pending(self) -> list[Alert]:
        """Return the alerts that have not been delivered, in their order."""
        rows = self._rows("SELECT id, created, kind, text, facts FROM alerts WHERE NOT delivered ORDER BY id")
        with self._parsing():
            return [
                Alert(place, created, kind, text, json.loads(facts))
                for place, created, kind, text, facts in rows
            ]

    def mark_delivered(self, alert_id: int) -> None:
        """Record that an alert was delivered."""
        with self.transaction():
            self._write("UPDATE alerts SET delivered = 1, problem = '' WHERE id = ?", alert_id)

    def mark_failed(self, alert_id: int, problem: str) -> None:
        """Record why an alert was not delivered."""
        with self.transaction():
            self._write("UPDATE alerts SET problem = ? WHERE id = ?", problem, alert_id)


def _facts(run: Run, as_of: str, event: Event) -> dict[str, object]:
    return {"version": run.version, "model": run.model, "as_of": as_of, "subject": event.subject}
