"""`report.json` holds all that the report holds, numbers that are not finite included."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit.formats.json import from_json, read_report, to_json
from audit.formats.writing import write_whole
from audit.result import CheckResult, Measurement, MetricFacts, Report, SampledRows, Table

from .samples import ON, report


def same(one: Any, other: Any) -> bool:
    """Equal in value and type, where NaN equals NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(same, one, other))
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return both_nan or (type(one) is type(other) and one == other)


def with_measurement(measurement: Measurement) -> Report:
    return replace(report(), checks=[CheckResult(name="c", status="measured", measurements=[measurement])])


def test_there_and_back() -> None:
    original = report()
    back = from_json(to_json(original))
    assert same(asdict(back), asdict(original))
    assert to_json(back) == to_json(original)


def test_what_a_metric_does_not_say_of_its_rows_is_left_out() -> None:
    """So that reports of an older version, which have no such key, read and write as they are."""
    sampled = SampledRows(kind="explained", source="raise checks.c.rows")
    facts = {"c.all": MetricFacts(about="of all"), "c.some": MetricFacts(about="of some", sampled=sampled)}
    original = replace(report(), checks=[CheckResult(name="c", status="measured", metrics=facts)])
    text = to_json(original)
    assert from_json(text).checks == original.checks
    written = json.loads(text)["checks"][0]["metrics"]
    assert written["c.some"]["sampled"] == {"kind": "explained", "source": "raise checks.c.rows"}
    assert list(written["c.all"]) == ["about", "low", "high", "ideal", "better"]


numbers = st.floats()
texts = st.text(max_size=20)
scalars = st.one_of(
    st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), texts
)
measurements = st.builds(
    Measurement,
    metric=texts,
    value=numbers,
    n=st.integers(0, 2**53),
    method=texts,
    where=st.dictionaries(texts, scalars, max_size=3),
    ci=st.none() | st.tuples(numbers, numbers),
    smallest_n=st.none() | st.integers(0, 2**53),
    counts=st.dictionaries(texts, st.lists(numbers, max_size=3), max_size=3),
    se=st.none() | numbers,
)


@given(measurements)
@settings(max_examples=200)
def test_any_measurement_there_and_back(measurement: Measurement) -> None:
    original = with_measurement(measurement)
    assert same(asdict(from_json(to_json(original))), asdict(original))


words = texts.filter(lambda text: text not in {"NaN", "Infinity", "-Infinity"})  # they have a test below
columns = st.integers(0, 4).flatmap(
    lambda rows: st.dictionaries(
        texts,
        st.lists(
            st.none() | numbers | st.booleans() | st.integers(-(2**53), 2**53), min_size=rows, max_size=rows
        )
        | st.lists(st.none() | words, min_size=rows, max_size=rows),
        max_size=3,
    )
)
results = st.builds(
    CheckResult,
    name=texts,
    status=st.just("measured"),
    notes=st.lists(texts, max_size=2),
    tables=st.lists(st.builds(Table, name=texts, about=texts, columns=columns), max_size=2),
)


@given(results)
@settings(max_examples=200)
def test_any_table_and_note_there_and_back(result: CheckResult) -> None:
    original = replace(report(), checks=[result])
    assert same(asdict(from_json(to_json(original))), asdict(original))


@pytest.mark.parametrize(
    ("cells", "back"),
    [
        (["NaN", "Infinity"], [math.nan, math.inf]),
        (["NaN", None, -math.inf], [math.nan, None, -math.inf]),
        (["NaN", "a group"], ["NaN", "a group"]),
        (["nan"], ["nan"]),
    ],
)
def test_a_column_of_a_table_is_numbers_or_texts(cells: list[Any], back: list[Any]) -> None:
    table = Table(name="t", about="cells", columns={"c": cells})
    original = replace(report(), checks=[CheckResult(name="c", status="measured", tables=[table])])
    assert same(from_json(to_json(original)).checks[0].tables[0].columns["c"], back)


def test_a_report_from_before_tables_and_notes() -> None:
    content = json.loads(to_json(report()))
    for check in content["checks"]:
        del check["notes"], check["tables"]
    read = from_json(json.dumps(content))
    before = [replace(check, notes=[], tables=[]) for check in report().checks]
    assert same(asdict(read), asdict(replace(report(), checks=before)))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0], "b": []}, "differ in length: {'a': 1, 'b': 0}"),
        ({"a": [np.float32(1)], "b": [np.int64(1)]}, "cells of type float32, int64"),
        ({"a": [[1.0]]}, "cells of type list"),
    ],
)
def test_what_is_no_table_cannot_be_made(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table(name="t", about="cells", columns=columns)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, '"NaN"'),
        (math.inf, '"Infinity"'),
        (-math.inf, '"-Infinity"'),
        (0.1, "0.1"),
        (1e300, "1e+300"),
    ],
)
def test_numbers_as_the_interface_writes_them(value: float, written: str) -> None:
    text = to_json(
        with_measurement(Measurement(metric="c.m", value=value, n=1, method="exact", ci=(value, value)))
    )
    assert f'"value": {written},' in text
    loaded = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert loaded["checks"][0]["measurements"][0]["ci"] == [json.loads(written)] * 2


def test_rules_repeat_what_they_cover() -> None:
    loaded = json.loads(to_json(report()))
    measured = {json.dumps(m["where"]): m for check in loaded["checks"] for m in check["measurements"]
                if m["metric"] == "fairness.disparate_impact"}  # fmt: skip
    rule = loaded["rules"][1]
    (decided,), (left_out,) = rule["measurements"], rule["not_decided"]
    for repeated in (decided, left_out):
        original = measured[json.dumps(repeated["where"])]
        assert {**repeated, "ci": None} == {**original, "ci": None}


@pytest.mark.parametrize(("on", "known"), [(ON, "waived"), (date(2026, 6, 16), "fail")])
def test_deciding_again_after_the_round_trip_is_the_same(on: date, known: str) -> None:
    original = report()
    back = from_json(to_json(original))
    before, after = audit.decide(original, on=on), audit.decide(back, on=on)
    assert same(asdict(before), asdict(after))
    assert [rule.status for rule in after.rules] == ["pass", "fail", known, "inconclusive"]
    assert (after.verdict, after.reason) == (original.verdict, original.reason) or on != ON
    if on == ON:
        assert same(asdict(after)["rules"], asdict(original)["rules"])


def test_the_stored_verdict_is_not_looked_at() -> None:
    forged = replace(report(), verdict="pass", rules=[], reason="all well")
    assert audit.decide(from_json(to_json(forged)), on=ON).verdict == "fail"


def test_another_policy_decides_otherwise() -> None:
    looser = {
        **report().policy.effective,
        "gate": {"rules": [{"metric": "performance.accuracy", "at_least": 0.5}]},
    }
    decision = audit.decide(report(), {**looser, "waivers": []}, on=ON)
    assert (decision.verdict, len(decision.rules)) == ("pass", 1)


def test_names_of_every_kind_survive_a_file(tmp_path: Path) -> None:
    """A path that is not UTF-8 reaches Python as lone surrogates, which UTF-8 cannot hold: JSON escapes them."""
    names = [
        "Größe",
        "\x1b[31m",
        "</script>",
        "{{ 1 }}",
        "\u2028",
        "a\nb",
        "\udcff",
        "x" * 4000,
        "😀",
        "\\udcff",
    ]
    for name in names:
        original = with_measurement(
            Measurement(metric=name, value=1.0, n=1, method="exact", where={"group": name})
        )
        write_whole(tmp_path, {"report.json": to_json(original)})
        assert same(asdict(read_report(tmp_path / "report.json")), asdict(original))
