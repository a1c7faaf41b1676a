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
    policy = content(model, store(frame, folder), **{"spec": GIVEN, "protected": PROTECTED, **given})
    policy["gate"] = {"rules": rules, "min_rows": 200}
    return audit.run(policy)


def warned(report: Report) -> list[str]:
    return [text for text in report.warnings if "intersections" in text]


def test_a_cell_wholly_outside_is_a_warning_and_decides_nothing(model: Models, tmp_path: Path) -> None:
    report = audited(hidden(), model("given"), tmp_path, [IMPACT, RATE])
    assert report.verdict == "pass"
    impact, rate = warned(report)
    assert "Female × White (sex*race) 4 on 400 rows" in impact and "Male × Black (sex*race) 4" in impact
    assert "Female × Black" not in impact  # as rarely favoured as the privileged ones
    assert "Female × Black (sex*race) 0.200 on 400 rows" in rate and "Male × White (sex*race) 0.2" in rate
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


def test_names_that_joined_are_the_same_do_not_hide_it(model: Models, tmp_path: Path) -> None:
    """``A*B`` and ``C``, or ``A`` and ``B*C``."""
    frame = hidden()
    frame["sex"] = frame["sex"].map({"Female": "A*B", "Male": "A"})
    frame["race"] = frame["race"].map({"Black": "B*C", "White": "C"})
    protected = {"sex": {"privileged": "A"}, "race": {"privileged": "C"}}
    (text,) = warned(audited(frame, model("given"), tmp_path, [IMPACT], protected=protected))
    assert "'A*B'*C (sex*race) 4 on 400 rows" in text and "A*'B*C' (sex*race) 4" in text


def test_attributes_named_with_a_star_are_found_in_the_name(model: Models, tmp_path: Path) -> None:
    frame = hidden().rename(columns={"sex": "s*x"})
    protected = {"s*x": {"privileged": "Male"}, "race": {"privileged": "White"}}
    rule = {**IMPACT, "where": {"attribute": "s*x"}}
    (text,) = warned(audited(frame, model("given"), tmp_path, [rule], protected=protected))
    assert "Female × White (s*x*race) 4" in text


def test_the_size_of_one_that_is_not_measured_is_a_note(model: Models, tmp_path: Path) -> None:
    frame = hidden(60).assign(
        race=lambda f: np.where(f["race"] == "White", "White", [f"r{i % 50}" for i in f.index])
    )
    report = audited(frame, model("given"), tmp_path, [IMPACT])
    notes = {check.name: [text for text in check.notes if "combinations" in text] for check in report.checks}
    (text,) = notes["fairness"]
    assert text.startswith("The intersection of sex and race has 102 combinations of groups, more than 100")
    assert notes["performance"] == [] and warned(report) == []


def test_the_mean_predictions_of_a_regression_are_compared(model: Models, tmp_path: Path) -> None:
    frame = hidden()
    frame["label"] = frame["score"] + np.sin(np.arange(len(frame)))
    number = {"inputs": {"x": ["score"]}, "output": "regression"}
    rules = [
        {"metric": "fairness.mean_prediction_difference", "where": {"attribute": name}, "within": 0.2}
        for name in ("sex", "race")
    ]
    report = audited(frame, model("given"), tmp_path, rules, spec=number, favorable=None)
    (cells,) = ({(m.where["unprivileged"]): m.value for m in c.unasked} for c in report.checks if c.unasked)
    means = frame.groupby(["sex", "race"])["score"].mean()
    for sex, race in itertools.product(["Female", "Male"], ["Black", "White"]):
        if (sex, race) != ("Male", "White"):
            gap = (means[sex, race] - means["Male", "White"]) / frame["label"].std(ddof=0)
            assert cells[f"{sex}*{race}"] == pytest.approx(gap, abs=1e-6)
    assert len(warned(report)) == 2 and "Female × White (sex*race)" in warned(report)[0]


def test_privileged_groups_that_differ_are_compared_with_each_other(model: Models, tmp_path: Path) -> None:
    """Women and men are one side; the others lie between them."""
    share = {"Female": 0.2, "Male": 0.8, "X": 0.5}
    frame = pd.concat(
        [
            pd.DataFrame({"sex": sex, "score": np.where(np.arange(400) < share[sex] * 400, 0.9, 0.1)})
            for sex in share
        ],
        ignore_index=True,
    )
    place = np.arange(len(frame))
    frame = frame.assign(label=place % 2, score=frame["score"] + place * 1e-6)
    protected = {"sex": {"privileged": ["Female", "Male"]}}
    report = audited(frame, model("given"), tmp_path, [IMPACT], protected=protected)
    assert report.verdict == "pass"
    (text,) = [text for text in report.warnings if "the privileged groups" in text]
    assert "Female (sex) 0.250 on 400 rows, Male (sex) 4 on 400 rows" in text
    alike = frame.assign(score=0.1 + 0.8 * (place % 2) + place * 1e-6)
    report = audited(alike, model("given"), tmp_path, [IMPACT], protected=protected)
    assert [m.value for check in report.checks for m in check.unasked] == [1.0, 1.0]
    assert not any("the privileged groups" in text for text in report.warnings)
