"""Measurements and rules as DataFrames: nothing is lost, nothing is mixed up."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audit.notebook import AuditReport
from audit.result import CheckResult, Measurement

from ..formats.html.samples import full, inconclusive, small

FIRST = ["check", "metric", "value", "low", "high", "n", "method"]


def test_every_measurement_is_a_row_with_its_where() -> None:
    report = AuditReport.of(full())
    frame = report.to_frame()
    assert list(frame.columns[: len(FIRST)]) == FIRST
    pairs = [(check, m) for check in report.checks for m in check.measurements]
    assert len(frame) == len(pairs) > 50
    for row, (check, m) in zip(frame.to_dict("records"), pairs, strict=True):
        assert (row["check"], row["metric"], row["n"], row["method"]) == (check.name, m.metric, m.n, m.method)
        assert row["value"] == m.value or (math.isnan(row["value"]) and math.isnan(m.value))
        np.testing.assert_array_equal([row["low"], row["high"]], m.ci or [math.nan, math.nan])
        where = {key: row[key] for key in frame.columns[len(FIRST) :] if not pd.isna(row[key])}
        assert where == m.where


def test_a_group_is_found_as_in_any_frame() -> None:
    frame = AuditReport.of(small()).to_frame()
    chosen = frame[(frame["metric"] == "fairness.disparate_impact") & (frame["attribute"] == "sex")]
    assert chosen["unprivileged"].tolist() == ["Female"]
    assert chosen["value"].between(chosen["low"], chosen["high"]).all()


@pytest.mark.parametrize("key", FIRST)
def test_a_key_of_where_never_hides_a_column(key: str) -> None:
    measurement = Measurement(metric="mine.share", value=0.5, n=7, method="exact", where={key: "x"})
    check = CheckResult(name="mine", status="measured", measurements=[measurement])
    (row,) = AuditReport.of(replace(small(), checks=[check])).to_frame().to_dict("records")
    assert [row["check"], row["metric"], row["value"], row["n"]] == ["mine", "mine.share", 0.5, 7]
    assert row[f"where.{key}"] == "x"


def test_every_rule_is_a_row() -> None:
    report = AuditReport.of(small())
    frame = report.rules_frame()
    assert frame["id"].tolist() == [rule.id for rule in report.rules]
    assert frame["status"].tolist() == ["pass", "fail", "inconclusive", "waived", "inconclusive"]
    assert frame["measurements"].tolist() == [len(rule.measurements) for rule in report.rules]
    failed = frame.set_index("status").loc["fail"]
    assert failed["limit"] == "at least 0.8 and at most 1.25" and failed["where"] == "sex"
    waived = frame.set_index("status").loc["waived"]
    assert waived["would_be"] == "fail" and failed["would_be"] is None


def test_without_rules_and_measurements_the_columns_are_there() -> None:
    report = AuditReport.of(replace(inconclusive(), checks=[]))
    assert report.to_frame().columns.tolist() == FIRST and report.to_frame().empty
    assert report.rules_frame().empty and "status" in report.rules_frame().columns
