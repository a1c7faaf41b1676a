"""Checks that behave badly, as somebody's plug-in may."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from audit.check import Check, Skip, entry_points
from audit.result import Evidence, Measurement, MetricFacts, Note, Table
from audit.subject.subject import Subject

FACTS = {"number": MetricFacts(about="A number.")}


class _Bad(Check):
    """Behaves badly after its first measurement."""

    summary: ClassVar[str] = "A check that behaves badly"
    metrics: ClassVar[dict[str, MetricFacts]] = FACTS

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        yield Measurement(metric=f"{self.name()}.number", value=1.0, n=subject.rows, method="exact")
        self.then()

    def name(self) -> str:
        return type(self).__name__.lower()

    def then(self) -> None:
        """Do what this check does."""


class Fine(_Bad):
    """Behaves."""


class Crash(_Bad):
    """Divides by zero."""

    def then(self) -> None:
        raise ZeroDivisionError("a fault of the plug-in")


class Leave(_Bad):
    """Ends the process as if all were well."""

    def then(self) -> None:
        sys.exit(0)


class NotHere(_Bad):
    """Does not apply."""

    def then(self) -> None:
        raise Skip("not for this model")


class Undeclared(_Bad):
    """Returns a metric that it does not declare."""

    def name(self) -> str:
        return "undeclared.other"


class Shown(_Bad):
    """Says more than a number."""

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        yield Table(name="curve", about="Rate by size.", columns={"size": [0.0, 0.1], "rate": [1.0, None]})
        yield Note(text="A limit of the method.")
        half = [subject.rows / 2, float(subject.rows)]
        yield Measurement(
            metric="shown.number", value=0.5, n=subject.rows, method="clopper-pearson", counts={"rate": half}
        )
        yield Note(text="Another one.")


class Uneven(_Bad):
    """Makes a table of columns that differ in length."""

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        yield from super().measure(subject)
        yield Table(name="curve", about="Rate by size.", columns={"size": [0.0, 0.1], "rate": []})


class Interrupt(_Bad):
    """Is interrupted by the user."""

    def then(self) -> None:
        raise KeyboardInterrupt


def install(monkeypatch: pytest.MonkeyPatch, *checks: type[Check]) -> None:
    """Let the registry find ``checks`` behind the built-in ones, by real entry points."""
    found = dict(entry_points.installed())
    for check in checks:
        name = check.__name__.lower()
        found[name] = EntryPoint(name, f"{check.__module__}:{check.__name__}", entry_points.GROUP)
    monkeypatch.setattr(entry_points, "installed", lambda: found)
