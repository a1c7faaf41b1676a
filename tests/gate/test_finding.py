"""One measurement against one limit: holds (H), breaks (B), undecided (u). Every cell written by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from audit.gate.claims import Claim
from audit.policy.gate_spec import Rule
from audit.result import Measurement

from .builders import Span, bare, exact, plugged

NAN, INF = math.nan, math.inf

LIMITS = {
    "at_least": Rule(metric="c.rate", at_least=0.8),
    "at_most": Rule(metric="c.rate", at_most=1.25),
    "both": Rule(metric="c.rate", at_least=0.8, at_most=1.25),
    "within": Rule(metric="c.rate", within=0.1),
    "within+": Rule(metric="c.rate", within=0.1, at_least=0.0),
}

# value, interval                 at_least 0.8 | at_most 1.25 | both | within 0.1 | within 0.1, at_least 0
CELLS: dict[tuple[float, Span], str] = {
    (1.00, (0.90, 1.10)): "H H H B B",
    (1.00, (0.80, 1.25)): "H H H B B",  # touching a limit is inside
    (1.00, (0.79, 1.10)): "u H u B B",
    (1.00, (0.90, 1.26)): "H u u B B",
    (1.00, (0.70, 1.40)): "u u u B B",
    (0.70, (0.60, 0.79)): "B H B B B",
    (0.70, (0.60, 0.80)): "u H u B B",  # touching a limit from outside is not wholly outside
    (1.40, (1.26, 1.60)): "H B B B B",
    (1.40, (1.25, 1.60)): "H u u B B",
    (0.05, (0.00, 0.10)): "B H B H H",
    (0.05, (-0.02, 0.09)): "B H B H u",
    (-0.05, (-0.10, -0.01)): "B H B H B",
    (-0.05, (-0.10, 0.00)): "B H B H u",
    (0.08, (0.01, 0.15)): "B H B u u",
    (-0.50, (-0.60, -0.40)): "B H B B B",  # 'at_most' alone lets a large negative difference through
    (0.00, (-0.30, 0.30)): "B H B u u",
    # a value outside of its own interval never holds
    (0.70, (0.90, 1.10)): "u H u B B",
    (1.40, (0.90, 1.10)): "H u u B B",
    (0.90, (0.90, 0.90)): "H H H B B",
    # a side of the interval may be infinite: inside only where the limit is open on that side
    (2.00, (0.90, INF)): "H u u B B",
    (0.30, (-INF, 0.70)): "B H B u u",
    (1.00, (-INF, INF)): "u u u u u",
    # not finite never holds; it breaks where the whole interval lies outside
    (INF, (0.90, INF)): "u u u B B",
    (INF, (1.50, INF)): "u B B B B",
    (INF, (INF, INF)): "u B B B B",
    (-INF, (-INF, 0.50)): "B u B u u",
    (-INF, (-INF, -INF)): "B u B B B",
    (NAN, (0.90, 1.10)): "u u u u u",
    (1.00, (NAN, 1.10)): "u u u u u",
    (1.00, (0.90, NAN)): "u u u u u",
    (NAN, (NAN, NAN)): "u u u u u",
    (NAN, (5.00, 6.00)): "u u u u u",
}

# Without an interval: exact by nature is decided by its value, everything else is undecided.
EXACT: dict[float, str] = {
    1.00: "H H H B B",
    0.80: "H H H B B",
    1.25: "H H H B B",
    0.79: "B H B B B",
    1.26: "H B B B B",
    0.10: "B H B H H",
    0.00: "B H B H H",
    -0.10: "B H B H B",
    -0.11: "B H B B B",
    INF: "u B B B B",
    -INF: "B u B B B",
    NAN: "u u u u u",
}
WORDS = {"H": "holds", "B": "breaks", "u": "undecided"}


def found(measurement: Measurement) -> list[str]:
    return [Claim(measurement, *rule.bounds, paired=False).finding for rule in LIMITS.values()]


def words(row: str) -> list[str]:
    return [WORDS[letter] for letter in row.split()]


@pytest.mark.parametrize(("cell", "expected"), CELLS.items(), ids=str)
def test_an_interval_decides(cell: tuple[float, Span], expected: str) -> None:
    assert found(plugged(*cell)) == words(expected)


@pytest.mark.parametrize(("value", "expected"), EXACT.items())
def test_an_exact_value_decides_by_itself(value: float, expected: str) -> None:
    assert found(exact(value)) == words(expected)


@pytest.mark.parametrize("value", EXACT)
@pytest.mark.parametrize("make", [bare, lambda value: plugged(value, None)])
def test_without_an_interval_nothing_else_is_decided(value: float, make) -> None:
    assert found(make(value)) == ["undecided"] * len(LIMITS)


@pytest.mark.parametrize(
    ("limit", "bounds"),
    [
        ({"at_least": 0.8}, (0.8, INF)),
        ({"at_most": 0.8}, (-INF, 0.8)),
        ({"at_least": 0.8, "at_most": 1.25}, (0.8, 1.25)),
        ({"within": 0.1}, (-0.1, 0.1)),
        ({"within": 0.0}, (0.0, 0.0)),
        ({"within": 0.1, "at_least": -0.05}, (-0.05, 0.1)),
        ({"within": 0.1, "at_least": -0.5, "at_most": 0.05}, (-0.1, 0.05)),
    ],
)
def test_bounds_of_a_limit(limit: dict[str, Any], bounds: tuple[float, float]) -> None:
    rule = Rule(metric="c.rate", **limit)
    assert (rule.bounds, rule.limit) == (bounds, limit)
