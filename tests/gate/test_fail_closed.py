"""What is missing, infinite, not a number or cannot be never passes: tried at every number that a measurement holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from audit.errors import AuditError
from audit.policy.gate_spec import Rule
from audit.result import Measurement
from audit.stats import METHODS

from ..stats.test_intervals import NAMES, RANGES, measurements
from .builders import against, at_least, check, decided, exact, plugged, rate

NAN, INF = math.nan, math.inf
few = settings(max_examples=12, derandomize=True)


def status(measurement: Measurement, **limit: Any) -> str:
    """Return the status of a rule; a report that is refused as damaged passes nothing either."""
    try:
        return decided([check(measurement)], [Rule(metric=measurement.metric, **limit)]).rules[0].status
    except AuditError:
        return "refused"


def poisoned(m: Measurement, odd: float) -> Iterator[Measurement]:
    """Yield ``m`` with ``odd`` in place of each of its numbers in turn, and without some."""
    yield replace(m, value=odd)
    if m.se is not None and m.method != "delong":  # an AUC's limits can do without
        yield replace(m, se=odd)
        yield replace(m, se=None)
    yield from (replace(m, counts=counts) for counts in _each(m.counts, odd))
    yield replace(m, counts={})


def _each(counts: dict[str, list[float]], odd: float) -> Iterator[dict[str, list[float]]]:
    for name, row in counts.items():
        for place in range(len(row)):
            yield {**counts, name: [*row[:place], odd, *row[place + 1 :]]}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # infinity less infinity, on purpose
@pytest.mark.parametrize("odd", [NAN, INF, -INF])
@pytest.mark.parametrize("method", sorted(RANGES))
def test_no_number_of_a_measurement_may_be_odd(method: str, odd: float) -> None:
    @few
    @given(measurements(method))
    def tried(m: Measurement) -> None:
        for other in poisoned(m, odd):
            assert status(other, at_least=-1e300, at_most=1e300) in ("inconclusive", "refused"), other

    tried()


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
def test_no_number_of_a_baseline_may_be_odd(odd: float) -> None:
    """With finite numbers it holds by far, so that only the odd one keeps it from passing."""
    one = against(rate(900, 1000), rate(500, 1000))
    assert one.baseline is not None
    limit = {"no_worse_than_baseline_by": 0.5}
    for correlation, pairs in ((0.5, {}), (None, {"rate": [400.0, 0.0, 1000.0]})):
        beside = replace(one.baseline, correlation=correlation, discordant=pairs)
        assert status(replace(one, baseline=beside), **limit) == "pass"
        others = [replace(beside, value=odd), replace(beside, counts={}), replace(beside, method="none")]
        others += [replace(beside, counts=counts) for counts in _each(beside.counts, odd)]
        others += [replace(beside, discordant=counts) for counts in _each(pairs, odd)]
        others += [replace(beside, correlation=odd)] * (correlation is not None)
        for other in [*others, None]:
            assert status(replace(one, baseline=other), **limit) in ("inconclusive", "refused"), other


@pytest.mark.parametrize(
    "ends", [(NAN, 0.9), (0.9, NAN), (NAN, NAN), (-INF, 0.95), (0.8, INF), (-INF, INF), None]
)
def test_no_end_of_a_plug_ins_interval_may_be_odd(ends: tuple[float, float] | None) -> None:
    assert status(plugged(0.9, (0.8, 0.95)), at_least=0.5, at_most=1.0) == "pass"
    assert status(plugged(0.9, ends), at_least=0.5, at_most=1.0) == "inconclusive"


# What an edited report may say, or a faulty check, of 900 of 1,000 rows that hold "at least 0.5" ...
IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "more events than trials": {"counts": {"rate": [1001, 1000]}},
    "events without trials": {"counts": {"rate": [900]}},
    "no events and no trials": {"counts": {"rate": []}},
    "a number too many": {"counts": {"rate": [900, 1000, 1000]}},
    "events below 0": {"counts": {"rate": [-1, 1000]}},
    "trials below 0": {"counts": {"rate": [-900, -1000]}},
    "more trials than rows": {"counts": {"rate": [900_000, 1_000_000]}},
    "more trials than rows, and no more events": {"counts": {"rate": [900, 1_000_000]}},
    "rows below 0": {"n": -1},
    "fewer than no rows in a group": {"smallest_n": -1},
    "a part larger than the whole": {"smallest_n": 1001},
    "trials of a group that has no rows": {"smallest_n": 0},
    "trials in a table without rows": {"n": 0},
    "an interval turned round": {"ci": [0.95, 0.85]},
    "a standard error below 0": {"se": -0.1},
}


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_numbers_that_contradict_each_other_are_refused(said: str) -> None:
    honest = rate(900, 1000, attribute="sex")
    edited = TypeAdapter(Measurement).validate_python({**vars_of(honest), **IMPOSSIBLE[said]})
    for min_rows in (0, 200):  # nor are they left out as too few
        assert decided([check(honest)], [at_least(attribute="sex")], min_rows=min_rows).verdict == "pass"
        with pytest.raises(AuditError, match="consistent numbers"):
            decided([check(edited)], [at_least(attribute="sex")], min_rows=min_rows)


# ... and of a baseline of 880, which 30 rows got wrong that the candidate got right, and 10 the other way round.
IMPOSSIBLE_BESIDE: dict[str, dict[str, Any]] = {
    "a correlation above 1": {"correlation": 1.5},
    "a correlation below -1": {"correlation": -1.5},
    "more events than trials": {"counts": {"rate": [1880, 1000]}},
    "more discordant rows than rows": {"discordant": {"rate": [800, 700, 1000]}},
    "events without trials": {"counts": {"rate": [880]}},
    "discordant rows of nothing": {"discordant": {"rate": [30, 10]}},
    "discordant rows below 0": {"discordant": {"rate": [30, -10, 1000]}},
    "one model with two values": {"identical": True},
    "an interval turned round": {"ci": [0.9, 0.86]},
    "an improvement turned round": {"improvement_ci": [0.9, 0.86]},
}


@pytest.mark.parametrize("said", IMPOSSIBLE_BESIDE)
def test_a_baseline_that_cannot_be_is_refused(said: str) -> None:
    pair = against(rate(900, 1000), rate(880, 1000))
    assert pair.baseline is not None
    honest = replace(
        pair, baseline=replace(pair.baseline, correlation=0.5, discordant={"rate": [30, 10, 1000]})
    )
    assert honest.baseline is not None
    edited = replace(honest, baseline=replace(honest.baseline, **IMPOSSIBLE_BESIDE[said]))
    rules = [Rule(metric="c.rate", no_worse_than_baseline_by=0.1)]
    assert decided([check(honest)], rules).verdict == "pass"
    with pytest.raises(AuditError, match="consistent numbers"):
        decided([check(edited)], rules)


@pytest.mark.parametrize("counts", [{}, {"privileged": [500, 1000]}, {"a": [900, 1000], "b": [500, 1000]}])
def test_counts_that_lack_a_name_are_refused(counts: dict[str, list[float]]) -> None:
    whole = {"unprivileged": [900.0, 1000.0], "privileged": [500.0, 1000.0]}
    gap = Measurement(
        metric="c.gap", value=0.4, n=2000, smallest_n=1000, method="mover-difference", counts=whole
    )
    rules = [Rule(metric="c.gap", at_least=0.0)]
    assert decided([check(gap)], rules).verdict == "pass"
    damaged = replace(gap, counts=counts)
    if not counts:
        assert decided([check(damaged)], rules).verdict == "inconclusive"
        return
    with pytest.raises(AuditError, match="the counts that the method 'mover-difference' is computed from"):
        decided([check(damaged)], rules)


def vars_of(m: Measurement) -> dict[str, Any]:
    return {name: getattr(m, name) for name in m.__slots__}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_the_three_words_of_a_report_are_numbers_that_pass_nothing(text: str) -> None:
    for one in (rate(900, 1000), exact(0.9), plugged(0.9, (0.8, 0.95))):
        found = TypeAdapter(Measurement).validate_python({**vars_of(one), "value": text})
        assert status(one, at_least=0.5, at_most=1e300) == "pass"
        assert status(found, at_least=-1e300, at_most=1e300) in ("inconclusive", "fail")
    counts = TypeAdapter(Measurement).validate_python(
        {**vars_of(rate(900, 1000)), "counts": {"rate": [text, 1000]}}
    )
    assert status(counts, at_least=-1e300, at_most=1e300) in ("inconclusive", "refused")


# The two sides of a comparison, of 100 and 1,000 rows, as they are and edited.
@pytest.mark.parametrize(
    ("sides", "expected"),
    [((100, 1000), "pass"), ((99.5, 1000), "pass"), ((100, 1101), "refused"), ((101, 1000), "refused")],
)
def test_either_side_has_no_more_than_its_rows(sides: tuple[float, float], expected: str) -> None:
    counts = {"unprivileged": [0.9 * sides[0], sides[0]], "privileged": [0.5 * sides[1], sides[1]]}
    gap = Measurement(
        metric="c.gap", value=0.4, n=1100, smallest_n=100, method="mover-difference", counts=counts
    )
    assert status(gap, at_least=0.0) == expected


EDGES: dict[str, dict[str, Any]] = {
    "no event": {"value": 0.0, "counts": {"rate": [0, 1000]}},
    "nothing but events": {"value": 1.0, "counts": {"rate": [1000, 1000]}},
    "a group without rows": {"value": NAN, "n": 0, "counts": {"rate": [0, 0]}},
    "a side without rows": {"value": NAN, "smallest_n": 0, "counts": {"rate": [0, 0]}},
    "a standard error of 0": {"se": 0.0},
    "an interval of one point": {"ci": (0.9, 0.9)},
    "a method that counts nothing": {"method": "exact", "n": 0, "counts": {}},
    "another method, whose counts are no pairs": {"method": "mean-t", "se": 0.1, "counts": {"rows": [900]}},
}
EDGES_BESIDE: dict[str, dict[str, Any]] = {
    "a correlation of 1": {"correlation": 1.0},
    "a correlation of -1": {"correlation": -1.0},
    "all rows discordant": {"discordant": {"rate": [510, 490, 1000]}},
    "no row discordant": {"discordant": {"rate": [0, 0, 1000]}},
    "one model twice": {"identical": True, "value": 0.9, "counts": {"rate": [900, 1000]}},
    "another method, whose counts are no pairs": {"method": "mean-t", "se": 0.1, "counts": {"rows": [900]}},
}


@pytest.mark.parametrize("said", EDGES)
def test_what_is_rare_is_no_contradiction(said: str) -> None:
    assert status(replace(rate(900, 1000), **EDGES[said]), at_least=0.5) != "refused"


@pytest.mark.parametrize("said", EDGES_BESIDE)
def test_a_rare_baseline_is_no_contradiction(said: str) -> None:
    pair = against(rate(900, 1000), rate(880, 1000))
    assert pair.baseline is not None
    rare = replace(pair, baseline=replace(pair.baseline, **EDGES_BESIDE[said]))
    assert status(rare, no_worse_than_baseline_by=0.9) != "refused"


@pytest.mark.parametrize("edit", [{"n": -1}, {"smallest_n": -1}, {"smallest_n": 1001}, {"se": -0.1}])
@pytest.mark.parametrize("honest", [exact(0.9), plugged(0.9, (0.8, 0.95))])
def test_rows_and_errors_are_looked_at_whatever_the_method(honest: Measurement, edit: dict[str, Any]) -> None:
    assert status(honest, at_least=0.5) == "pass"
    assert status(replace(honest, **edit), at_least=0.5) == "refused"


def test_effective_counts_that_rounding_made_larger_are_no_contradiction() -> None:
    above = 1000 * (1 + 1e-12)
    assert status(replace(rate(1000, 1000), counts={"rate": [above, above]}), at_least=0.5) == "pass"


def test_the_methods_of_rates_are_those_that_are_tried_with_pairs_of_counts() -> None:
    of_proportions = {name for name, method in METHODS.items() if method.counts.shape == "proportions"}
    assert {*NAMES, "clopper-pearson-upper", "clopper-pearson-lower"} == of_proportions
