"""The sanity tests of the attacks: what each asks for, its figure and its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.text.catalogue import words
from audit.formats.text.table_records import Record, figure, figures, text
from audit.numbers import per_cent, per_cents

COLUMNS = ("test", "figure", "low", "high", "rows", "asks", "verdict")
_DOUBT = "in doubt"
_HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class ValidityTest:
    """One sanity test of the attacks; ``figure`` and ``interval`` are text, empty where there is none."""

    test: str
    asks: str
    figure: str
    interval: str
    verdict: str
    doubt: bool


@dataclass(frozen=True, slots=True)
class Validity:
    """All sanity tests of the attacks, with a sentence on how many hold."""

    sentence: str
    tests: list[ValidityTest]


def validity(rows: Sequence[Record]) -> Validity | None:
    """Return the sanity tests in the table; None if it has none."""
    tests = [_test(row) for row in rows]
    return Validity(_sentence(tests), tests) if tests else None


def _test(row: Record) -> ValidityTest:
    value = figure(row, "figure")
    limits = figures(row, "low", "high")
    return ValidityTest(
        test=text(row, "test"),
        asks=text(row, "asks"),
        figure="" if value is None else per_cent(value),
        interval=per_cents((limits[0], limits[1])) if limits else "",
        verdict=text(row, "verdict"),
        doubt=text(row, "verdict") == _DOUBT,
    )


def _sentence(tests: Sequence[ValidityTest]) -> str:
    passed = sum(test.verdict.startswith(_HOLDS) for test in tests)
    failed = sum(test.doubt for test in tests)
    if passed == len(tests):
        return words("sanity", "all" if passed > 1 else "one", total=passed)
    return words("sanity", "failed" if failed else "some", passed=passed, failed=failed, total=len(tests))
