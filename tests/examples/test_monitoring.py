"""The example of monitoring as a user runs it: quiet, alarm, rollback, and quiet on the version before."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.check import load_policy
from audit.monitoring.identity import monitored_digest
from audit.monitoring.outcome import BatchOutcome
from audit.monitoring.store import Run, Store

from ..monitoring.receiver import SECRET, Receiver, serving

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "monitoring"
FIRST_DAY = datetime(2027, 1, 1, tzinfo=UTC)
FIRST_CHANGED_DAY = 31
DAYS_TO_ALARM = 7
DAYS_TO_ROLLBACK = 21
ROWS = 400


@dataclass(frozen=True)
class Example:
    """What a run of the example left."""

    out: Path
    done: subprocess.CompletedProcess[str]
    receiver: Receiver
    store: Store

    def outcomes(self, run: Run) -> list[BatchOutcome]:
        return self.store.outcomes(run)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    out = tmp_path_factory.mktemp("example")
    with serving() as receiver:
        command = [sys.executable, "examples/monitoring/monitoring.py", "--out", str(out)]
        environment = os.environ | {"AUDIT_WEBHOOK_URL": receiver.url}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    store = Store.open_existing(
        out / "loans" / "store", monitored_digest(load_policy(EXAMPLE / "audit.yaml"))
    )
    assert store
    yield Example(out / "loans", done, receiver, store)
    store.close()


def day(outcome: BatchOutcome) -> int:
    return (datetime.fromisoformat(outcome.as_of) - FIRST_DAY) // timedelta(days=1) + 1


def kinds(outcomes: list[BatchOutcome]) -> list[str]:
    return [event.kind for outcome in outcomes for event in outcome.events]


def test_it_is_quiet_until_the_data_change_and_an_alarm_soon_after(example: Example) -> None:
    outcomes = example.outcomes(example.store.runs()[0])
    first = next(i for i, outcome in enumerate(outcomes) if outcome.state == "alarm")
    assert FIRST_CHANGED_DAY <= max(map(day, outcomes[: first + 1])) <= FIRST_CHANGED_DAY + DAYS_TO_ALARM
    assert {outcome.state for outcome in outcomes[first:]} == {"alarm"}
    named = {event.subject for outcome in outcomes for event in outcome.events if event.kind == "drift"}
    assert named == {"bureau_rate"}


def test_the_rule_fails_and_the_alias_is_rolled_back_once(example: Example) -> None:
    before, after = map(example.outcomes, example.store.runs())
    assert kinds(before) == ["started", "drift", "rule", "rollback"]
    assert kinds(after) == ["started"] and {outcome.state for outcome in after} == {"quiet"}
    (rule,) = (event.subject for outcome in before for event in outcome.events if event.kind == "rule")
    assert rule == "fairness.equal_opportunity_difference[attribute=sex]"
    assert max(map(day, before)) <= FIRST_CHANGED_DAY + DAYS_TO_ROLLBACK
    assert max(map(day, after)) == 60
    assert [run.version for run in example.store.runs()] == ["loans version 2", "loans version 1"]
    _, _, history = example.done.stdout.partition("$ audit history")
    assert "the alias names version 1, as its log says" in history
    assert re.findall(r"^  \d .* (promote|rollback) +(\d)", history, flags=re.MULTILINE) == [
        ("promote", "1"),
        ("promote", "2"),
        ("rollback", "1"),
    ]


def test_every_day_is_counted_once_in_whatever_order(example: Example) -> None:
    outcomes = example.outcomes(example.store.runs()[0])
    rows = [outcome for outcome in outcomes if outcome.drift]
    days = list(map(day, rows))
    assert sorted(days) == list(range(1, max(days) + 1))
    assert days.index(12) == days.index(13) + 1
    assert {outcome.rows for outcome in rows} == {ROWS}
    assert "day 20 arrives again, and is not counted again" in example.done.stdout
    labelled = [day(outcome) for outcome in outcomes if outcome.labelled]
    assert labelled and not any(number % 4 == 0 for number in labelled)
    assert len(set(labelled)) == len(labelled)


def test_tensorboard_reads_the_logs_that_the_last_line_names(example: Example) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    command, option, place = shlex.split(example.done.stdout.splitlines()[-1])
    assert (command, option, Path(place)) == ("tensorboard", "--logdir", example.out / "logs")
    for run in example.store.runs():
        logs: Any = EventAccumulator(str(Path(place) / run.name), size_guidance={"tensors": 0})
        logs.Reload()
        outcomes = example.outcomes(run)
        evidence = logs.Tensors("evidence/all/log10 e-value")
        assert [event.step for event in evidence] == [outcome.sequence for outcome in outcomes]
        assert {f"events/{kind}" for kind in kinds(outcomes)} <= set(logs.Tags()["tensors"])


def test_alerts_are_posted_and_their_address_is_written_nowhere(example: Example) -> None:
    alerts = [request.content["kind"] for request in example.receiver.requests]
    assert alerts == ["drift", "rule", "rollback", "started"]
    assert SECRET not in example.done.stdout + example.done.stderr
    files = [file for file in example.out.rglob("*") if file.is_file()]
    assert len(files) > 100
    assert not [file for file in files if SECRET.encode() in file.read_bytes()]
