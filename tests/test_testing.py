"""The conformance tests accept the built-in checks and catch an author's mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from audit.check import Check, entry_points
from audit.result import Evidence, Measurement, MetricFacts, Note, Table
from audit.subject.subject import Subject
from audit.testing import conforms


@pytest.mark.parametrize("name", entry_points.installed())
def test_the_installed_checks_conform(name: str) -> None:
    conforms(name, entry_points.check_class(name))


class Share(Check):
    summary: ClassVar[str] = "A share."
    metrics: ClassVar[dict[str, MetricFacts]] = {"share": MetricFacts(about="A share.", low=0, high=1)}

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        yield self.share(subject)

    def share(self, subject: Subject, **changes: object) -> Measurement:
        half = [subject.rows / 2, float(subject.rows)]
        given = {"metric": "mine.share", "value": 0.5, "n": subject.rows, "method": "clopper-pearson"}
        return Measurement(**{**given, "counts": {"rate": half}, **changes})  # type: ignore[arg-type]


def test_a_correct_check_conforms() -> None:
    conforms("mine", Share)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "mine.other"}, "not declared"),
        ({"metric": "share"}, "not declared"),
        ({"value": 1.5}, "above 'high'"),
        ({"value": 1}, "must be a float"),
        ({"method": "guess"}, "needs an interval"),
        ({"smallest_n": 10**9}, "rows"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, object], message: str) -> None:
    class Mistaken(Share):
        def measure(self, subject: Subject) -> Iterator[Measurement]:
            yield self.share(subject, **changes)

    with pytest.raises(AssertionError, match=message):
        conforms("mine", Mistaken)


TABLE = Table(name="curve", about="Rate by size.", columns={"size": [0.0, 0.1], "rate": [1.0, None]})


class Shown(Share):
    beside: ClassVar[list[Evidence]] = [TABLE, Note(text="A limit of the method.")]

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        yield from [self.share(subject), *self.beside]


def test_tables_and_notes_conform() -> None:
    conforms("mine", Shown)


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ([TABLE, TABLE], "once only"),
        ([replace(TABLE, columns={})], "no columns"),
        ([replace(TABLE, about=" ")], "must say what"),
        ([replace(TABLE, columns={"cell": [1.0, "one"]})], "numbers or texts"),
        ([Note(text=" ")], "must say something"),
    ],
)
def test_a_mistake_beside_the_measurements_is_named(beside: list[Evidence], message: str) -> None:
    given = beside

    class Mistaken(Shown):
        beside: ClassVar[list[Evidence]] = given

    with pytest.raises(AssertionError, match=message):
        conforms("mine", Mistaken)


def test_columns_that_differ_in_length_are_named() -> None:
    class Uneven(Share):
        def measure(self, subject: Subject) -> Iterator[Evidence]:
            yield Table(name="curve", about="Rate by size.", columns={"size": [0.0], "rate": []})

    with pytest.raises(AssertionError, match="differ in length"):
        conforms("mine", Uneven)


def test_measuring_twice_for_one_where_is_named() -> None:
    class Twice(Share):
        def measure(self, subject: Subject) -> Iterator[Measurement]:
            yield from [self.share(subject), self.share(subject, value=0.4)]

    with pytest.raises(AssertionError, match="once only"):
        conforms("mine", Twice)


def test_a_check_that_draws_without_a_seed_is_named() -> None:
    calls: list[int] = []

    class Drifting(Share):
        def measure(self, subject: Subject) -> Iterator[Measurement]:
            calls.append(1)
            yield self.share(subject, value=len(calls) / 10)

    with pytest.raises(AssertionError, match="same measurements"):
        conforms("mine", Drifting)
