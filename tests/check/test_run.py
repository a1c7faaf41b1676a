"""One check: evidence that a report cannot hold, or that is there twice, costs the check, no part of it silently."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from audit.check import Check, Measurement, MetricFacts, Note, Shares, entry_points
from audit.check.run import run_check
from audit.comparison.error_correlation import require_counts

NO_SUBJECT: Any = None


def measurement(**changes: Any) -> Measurement:
    fields: dict[str, Any] = {"metric": "odd.x", "value": 0.5, "n": 10, "method": "exact"}
    return Measurement(**fields | changes)


class Odd(Check):
    summary: ClassVar[str] = "Yields what it is given"
    metrics: ClassVar[dict[str, MetricFacts]] = {"x": MetricFacts(about="x")}
    evidence: ClassVar[list[Any]] = []

    def measure(self, subject: Any) -> Iterator[Any]:
        yield from self.evidence


@pytest.mark.parametrize(
    ("evidence", "fault"),
    [
        ([[measurement()]], "TypeError: the check yielded list"),
        ([None], "TypeError: the check yielded NoneType"),
        ([measurement(), measurement()], "twice for the same 'where'"),
        ([measurement(value=np.float32(0.5))], "TypeError"),
        ([measurement(n=np.int64(5))], "TypeError"),
        ([measurement(where=None)], "ValidationError"),
        ([measurement(counts=None)], "ValidationError"),
        ([Note(text="a", about={"attack": "pgd"})], "ValidationError"),  # type: ignore[dict-item]
        ([Note(text="a", about={"attack": None})], "ValidationError"),  # type: ignore[dict-item]
        ([Note(text=3)], "ValidationError"),  # type: ignore[arg-type]
    ],
)
def test_evidence_that_a_report_cannot_hold_crashes_the_check(
    evidence: list[Any], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Odd, "evidence", [measurement(where={"first": 1}), *evidence])
    crashes: list[str] = []
    result = run_check("odd", Odd(), NO_SUBJECT, 0.95, lambda name, text: crashes.append(text)).result
    assert result.status == "crashed" and fault in str(result.reason) and len(crashes) == 1
    assert result.measurements == []


def test_sound_evidence_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    note = Note(text="a", about={"attack": ["pgd"]}, bounds=True)
    monkeypatch.setattr(
        Odd, "evidence", [measurement(), measurement(where={"b": True}), note, Note(text="b")]
    )
    result = run_check("odd", Odd(), NO_SUBJECT, 0.95, lambda *_: None).result
    assert (result.status, len(result.measurements), result.notes, result.reasons) == (
        "measured",
        2,
        ["a", "b"],
        [note],
    )


def test_a_trace_of_other_rows_than_the_counts_is_refused() -> None:
    """Rows without events in both traces would say that no row tells two models apart."""
    subject: Any = SimpleNamespace(weights=None, clusters=None)
    everyone = np.ones(8, bool)
    trace = Shares({"rate": (everyone, np.arange(8) < 3)})
    require_counts(trace, {"rate": [3.0, 8.0]}, subject)
    require_counts(None, {"rate": [3.0, 8.0]}, subject)
    for counts in ({"rate": [4.0, 8.0]}, {"rate": [3.0, 9.0]}, {"other": [3.0, 8.0]}):
        with pytest.raises(ValueError, match="the trace counts"):
            require_counts(trace, counts, subject)


class Wandering(Odd):
    def model_post_init(self, context: Any) -> None:
        os.chdir("/")


def test_a_plug_in_that_is_built_leaves_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a relative path of the policy would name another model."""
    monkeypatch.setattr(entry_points, "check_class", lambda name: Wandering)
    folder = os.getcwd()
    assert isinstance(entry_points.build("wandering", {}), Wandering)
    assert os.getcwd() == folder != "/"
