"""Progress never pauses for two seconds, and a log can bear it."""

from __future__ import annotations

import io
import sys
import time
from itertools import pairwise

import pytest

from audit.cli import heartbeat
from audit.cli.heartbeat import Heartbeat, starting
from audit.cli.progress import observers


class Recorded(io.StringIO):
    """A stream that knows when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.times = [time.monotonic()]

    def write(self, text: str) -> int:
        self.times.append(time.monotonic())
        return super().write(text)

    def longest_pause(self) -> float:
        """Return the greatest time between two texts, from the start to now."""
        times = [*self.times, time.monotonic()]
        return max(after - before for before, after in pairwise(times))


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.02)


def test_signs_are_lines_then_dots(fast: None) -> None:
    stream = Recorded()
    with Heartbeat("loading", stream) as beats:
        beats.at("robustness")
        time.sleep(3)
    lines = stream.getvalue().splitlines()
    assert len(lines) < heartbeat.MAX_LINES + 3 / 0.02 / heartbeat.DOTS_PER_LINE + 2
    assert all(line.startswith("audit: robustness, ") for line in lines[: heartbeat.MAX_LINES])
    assert any(line == "." * heartbeat.DOTS_PER_LINE + " robustness, 2 s" for line in lines)
    assert stream.getvalue().endswith("\n")


def test_what_is_said_starts_a_line(fast: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "MAX_LINES", 0)
    stream = Recorded()
    with Heartbeat("loading", stream) as beats:
        time.sleep(0.3)
        beats.say("scoring done")
        time.sleep(0.3)
    first, said, last = stream.getvalue().splitlines()
    assert set(first) == set(last) == {"."} and said == "audit: scoring done"


def test_an_inner_step_hands_back_to_the_outer_one(fast: None) -> None:
    stream = Recorded()
    with Heartbeat("loading", stream) as beats:
        beats.at("robustness")
        beats.at("attacking", "5 of 10")
        time.sleep(0.2)
        beats.end("attacking")
        time.sleep(0.2)
    lines = stream.getvalue().splitlines()
    assert "audit: attacking, 5 of 10, 0 s" in lines and lines[-1] == "audit: robustness, 0 s"


def test_a_long_check_is_never_silent_for_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Recorded()
    monkeypatch.setattr(sys, "stderr", stream)
    with starting("opening model and data"):
        time.sleep(1.2)
    with observers(quiet=False, debug=False) as callbacks:
        callbacks.progress("mine", 0, 1)
        time.sleep(4.5)
        callbacks.progress("mine", 1, 1)
    assert stream.longest_pause() < 2
    assert "audit: mine, 2 s\n" in stream.getvalue() and "audit: mine done\n" in stream.getvalue()


def test_quiet_gives_no_sign(fast: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Recorded()
    monkeypatch.setattr(sys, "stderr", stream)
    with starting("opening", quiet=True), observers(quiet=True, debug=False) as callbacks:
        callbacks.progress("mine", 0, 1)
        time.sleep(0.2)
    assert stream.getvalue() == ""


def test_a_reader_that_has_gone_ends_the_signs_only(fast: None) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with Heartbeat("loading", Gone()) as beats:
        time.sleep(0.1)
        beats.say("scoring done")


def test_verbose_says_how_long_a_step_took(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Recorded()
    monkeypatch.setattr(sys, "stderr", stream)
    with observers(quiet=False, debug=False, verbose=True) as callbacks:
        callbacks.progress("mine", 0, 1)
        time.sleep(0.3)
        callbacks.progress("mine", 1, 1)
    assert stream.getvalue() in (f"audit: mine done (0.{tenth} s)\n" for tenth in (3, 4))
