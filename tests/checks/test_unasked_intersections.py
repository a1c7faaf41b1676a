"""Pairwise intersections that the policy does not name: measured for warnings, and never decided on."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.formats.json import from_json, to_json
from audit.result import Report

from ..audits import GIVEN, content, store
from ..conftest import Models

PROTECTED: dict[str, Any] = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}
IMPACT = {
    "metric": "fairness.disparate_impact",
    "where": {"attribute": "*"},
    "at_least": 0.8,
    "at_most": 1.25,
}
RATE = {"metric": "performance.selection_rate", "where": {"attribute": "sex"}, "at_least": 0.3}


def hidden(rows: int = 400) -> pd.DataFrame:
    """Both sexes and both races are favoured alike; Black women and White men are not."""
    cells = list(itertools.product(["Female", "Male"], ["Black", "White"]))
    share = {
        ("Female", "Black"): 0.2,
        ("Male", "White"): 0.2,
        ("Female", "White"): 0.8,
        ("Male", "Black"): 0.8,
    }
    frames = [
        pd.DataFrame(
            {"sex": sex, "race": race, "score": np.where(np.arange(rows) < share[sex, race] * rows, 0.9, 0.1)}
        )
        for sex, race in cells
    ]
    frame = pd.concat(frames, ignore_index=True)
    place = np.arange(len(frame))
    return frame.assign(label=place % 2, score=frame["score"] + place * 1e-6)  # no row copies another


def audited(frame: pd.DataFrame, model: Path, folder: Path, rules: list[Any], **given: Any) -> Report:
    policy = content(model, store(frame, folder), spec=GIVEN, **{"protected": PROTECTED, **given})
    policy["gate"] = {"rules": rules, "min_rows": 200}
    return audit.run(policy)


def warned(report: Report) -> list[str]:
    return [text for text in report.warnings if "intersections" in text]


def test_a_cell_wholly_outside_is_a_warning_and_decides_nothing(model: Models, tmp_path: Path) -> None:
    report = audited(hidden(), model("given"), tmp_path, [IMPACT, RATE])
    assert report.verdict == "pass"
    impact, rate = warned(report)
    assert "sex*race: Female*White 4, 400 rows" in impact and "Male*Black 4" in impact
    assert "Female*Black" not in impact  # as rarely favoured as the privileged ones
    assert "sex*race: Female*Black 0.2, 400 rows" in rate and "Male*White 0.2" in rate
    assert not any(
        "*" in str(m.where.get("attribute")) for check in report.checks for m in check.measurements
    )
    again = from_json(to_json(report))
    assert [check.unasked for check in again.checks] == [check.unasked for check in report.checks]
    assert audit.decide(again).verdict == "pass"


@pytest.mark.parametrize(
    ("rules", "metrics"),
    [
        ([], set()),
        ([{"metric": "performance.selection_rate", "at_least": 0.3}], set()),  # of the whole table
        ([RATE], {"performance.selection_rate"}),
        ([{"metric": "fairness.disparate_impact", "at_least": 0.1}], {"fairness.disparate_impact"}),
    ],
)
def test_only_what_the_policy_limits_by_group_is_measured(
    rules: list[Any], metrics: set[str], model: Models, tmp_path: Path
) -> None:
    report = audited(hidden(40), model("given"), tmp_path, rules)
    assert {m.metric for check in report.checks for m in check.unasked} == metrics


def test_an_intersection_that_is_asked_for_is_decided_by_its_own_rule(model: Models, tmp_path: Path) -> None:
    sex = {**IMPACT, "where": {"attribute": "sex"}}
    report = audited(hidden(), model("given"), tmp_path, [sex], intersections=[["race", "sex"]])
    assert not any(check.unasked for check in report.checks)
    assert report.verdict == "pass" and "race*sex" in warned(report)[0]
    assert (
        audited(hidden(), model("given"), tmp_path, [IMPACT], intersections=[["race", "sex"]]).verdict
        == "fail"
    )


def test_too_many_cells_are_left_alone(model: Models, tmp_path: Path) -> None:
    frame = hidden(60).assign(
        race=lambda f: np.where(f["race"] == "White", "White", [f"r{i % 50}" for i in f.index])
    )
    report = audited(frame, model("given"), tmp_path, [IMPACT])
    assert not any(check.unasked for check in report.checks)
