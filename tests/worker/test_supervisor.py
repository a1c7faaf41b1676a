"""Whatever ends the child, the parent has a result of every check, and nothing is left running or lying about."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from audit.conclusion.observers import Observers, ignore
from audit.errors import AuditError, ToolFault
from audit.formats.json import to_plain
from audit.worker.deadline import Deadline
from audit.worker.messages import Message
from audit.worker.running import RunningAudit
from audit.worker.supervisor import measure_in_child

from ..conclusion.samples import facts
from .works import ENDINGS, HARMLESS, audit, measured

NEVER = Deadline()


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a descriptor, a temporary file or a child."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.listdir("/proc/self/fd")
    children = psutil.Process().children()  # as a server of other tests
    yield
    assert list(tmp_path.iterdir()) == []
    assert os.listdir("/proc/self/fd") == before
    assert psutil.Process().children() == children


@pytest.mark.parametrize("name", ENDINGS)
def test_the_check_that_ends_the_process_crashed_and_the_others_are_measured(name: str) -> None:
    behave, reason = ENDINGS[name]
    crashes: list[tuple[str, str]] = []
    observers = Observers(crash=lambda *crash: crashes.append(crash))
    result = measure_in_child(audit({"a": ignore, "bad": behave, "z": ignore}), observers, NEVER)
    first, bad, last = result.results
    assert (repr(first), repr(last)) == (repr(measured("a")), repr(measured("z")))
    assert (bad.name, bad.status, bad.measurements, bad.summary) == ("bad", "crashed", [], "The check bad")
    assert reason in str(bad.reason) and crashes == [("bad", bad.reason)]
    assert result.seconds == {"load": 1.0, "a": 0.25, "z": 0.25}, "loaded twice"


@pytest.mark.parametrize("name", HARMLESS)
def test_what_measures_all_the_same_is_measured(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    result = measure_in_child(audit({"odd": HARMLESS[name], "z": ignore}), Observers(), NEVER)
    assert [check.status for check in result.results] == ["measured", "measured"]
    assert capfd.readouterr().out == "", "standard output carries the summary alone"
    assert time.monotonic() - started < 30, "nobody waits for what a check left running"


def test_each_event_is_observed_once() -> None:
    events: list[str] = []
    observers = Observers(
        opened=lambda: events.append("opened"),
        finished=lambda result, _: events.append(result.name),
        crash=lambda name, _: events.append(f"{name} crashed"),
    )
    measure_in_child(audit({"a": ignore, "bad": lambda: os._exit(0), "z": ignore}), observers, NEVER)
    assert events == ["opened", "a", "bad crashed", "z"]


def test_several_bad_checks_take_a_child_each() -> None:
    bad = dict.fromkeys("abc", lambda: os._exit(0))
    result = measure_in_child(audit({**bad, "z": ignore}), Observers(), NEVER)
    assert [check.status for check in result.results] == ["crashed"] * 3 + ["measured"]


def test_a_child_that_cannot_load_again_is_not_started_a_third_time(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    full = audit({"a": ignore, "bad": lambda: os._exit(0), "y": ignore, "z": ignore})

    def once(observers: Observers, done: frozenset[str]) -> None:
        with runs.open("a") as file:
            file.write("run\n")
        if done:
            os._exit(3)
        full(observers, done)

    result = measure_in_child(once, Observers(), NEVER)  # type: ignore[arg-type]  # a set is a container
    assert [check.status for check in result.results] == ["measured", "crashed", "crashed", "crashed"]
    assert runs.read_text().count("run") == 2
    runs.unlink()


@pytest.mark.parametrize("name", ENDINGS)
def test_whatever_ends_it_before_the_rows_are_scored_is_an_error(name: str) -> None:
    behave, _ = ENDINGS[name]

    def load(observers: Observers, _: object) -> None:
        observers.step("loading the model m")
        behave()
        observers.opened()

    with pytest.raises(AuditError, match="while loading the model m"):
        measure_in_child(load, Observers(), NEVER)


def test_a_check_that_takes_too_long_crashed_and_the_finished_ones_stay() -> None:
    slow = audit({"a": ignore, "slow": lambda: time.sleep(60), "z": ignore})
    result = measure_in_child(slow, Observers(), Deadline.after("1s"))
    assert [check.status for check in result.results] == ["measured", "crashed", "crashed"]
    assert all("--timeout 1s was over" in str(check.reason) for check in result.results[1:])


def test_native_code_that_never_returns_to_python_is_ended_too() -> None:
    busy = audit({"busy": lambda: sum(range(10**13))})
    (check,) = measure_in_child(busy, Observers(), Deadline.after("1s")).results
    assert check.status == "crashed"


def test_scoring_that_takes_too_long_is_an_error() -> None:
    def score(observers: Observers, _: object) -> None:
        observers.progress("scoring", 1_000, 5_000)
        time.sleep(60)

    with pytest.raises(AuditError, match=r"--timeout 0\.5s") as error:
        measure_in_child(score, Observers(), Deadline.after("0.5s"))
    assert "scoring: 1,000 of 5,000" in str(error.value)


def raises(error: BaseException) -> BaseException:
    raise error


@pytest.mark.parametrize(
    ("error", "same"),
    [
        (AuditError(where="w", expected="e", found="f", fix="x"), AuditError),
        (ZeroDivisionError("a fault"), ToolFault),
        (SystemExit(0), SystemExit),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "No space left on device"), AuditError),
        (MemoryError(), AuditError),
        (ImportError("lib.so: failed to map segment from shared object"), AuditError),
        (ImportError("no module named x"), ToolFault),
        (OSError(9, "Bad file descriptor"), ToolFault),
    ],
)
def test_what_is_raised_in_the_child_is_raised_here(error: BaseException, same: type[BaseException]) -> None:
    with pytest.raises(same) as here:
        measure_in_child(lambda *_: raises(error), Observers(), NEVER)
    if isinstance(error, AuditError):
        assert str(here.value) == str(error)


@pytest.mark.parametrize("text", ["", "5", "0s", "-1s", "1d", "s", "1e3s", "1 s", "nans", "١s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(AuditError, match="90s, 30m or 2h"):
        Deadline.after(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5m", 90)])
def test_durations(text: str, seconds: float) -> None:
    at = Deadline.after(text).at
    assert at is not None and at - time.monotonic() == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(
    ("change", "is_error"), [({"execution": {"workers": 3}}, False), ({"warnings": ["others"]}, True)]
)
def test_a_second_child_may_have_other_workers_and_nothing_else(
    change: dict[str, Any], is_error: bool
) -> None:
    audit_so_far = RunningAudit(Observers())
    first = facts(None, "a")
    audit_so_far.take(Message("scored", [to_plain(first), 1.0]))
    second = Message("scored", [to_plain(replace(first, **change)), 1.0])
    if is_error:
        with pytest.raises(AuditError, match="others than before"):
            audit_so_far.take(second)
    else:
        audit_so_far.take(second)
