"""Every fairness value on Adult's 16,281 test rows is AIF360's own, computed on the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import audit
from audit.check import load_policy
from audit.checks.fairness.metrics import DEFINITIONS
from audit.result import Measurement, Report

from ... import adult
from ...audits import SCORES_ONLY, measurements, one
from ...conftest import Models
from .. import oracle


@pytest.fixture(scope="module")
def report(adult_policy: Path) -> Report:
    off = [f"checks.{name}=false" for name in SCORES_ONLY]
    return audit.run(load_policy(adult_policy, off))


@pytest.fixture(scope="module")
def rows(model: Models, raw_data: Path) -> pd.DataFrame:
    """Label, prediction and groups of each row, made without the tool."""
    table = adult.read(raw_data / "adult" / "adult.test")
    names = {"age": "age", "education_num": "education-num", "hours_per_week": "hours-per-week",
             "capital_gain": "capital-gain", "marital_status": "marital-status", "sex": "sex"}  # fmt: skip
    inputs = {
        name: tf.constant(table[[column]].to_numpy(object if table[column].dtype == object else np.float32))
        for name, column in names.items()
    }
    loaded = tf.saved_model.load(str(model("adult")))
    score = loaded.signatures["serving_default"](**inputs)["score"].numpy().reshape(-1)
    age = pd.cut(table["age"], [-np.inf, *adult.BINS, np.inf], right=False, labels=["<25", "25-60", ">=60"])
    frame = table[["sex", "race"]].assign(age=age.astype(str), score=score)
    frame["sex*race"], frame["race*age"] = (
        frame["sex"] + "*" + frame["race"],
        frame["race"] + "*" + frame["age"],
    )
    return frame.assign(label=table["income"] == ">50K", predicted=score >= 0.5)


def fairness(report: Report) -> list[Measurement]:
    (check,) = [check for check in report.checks if check.name == "fairness"]
    return check.measurements


def test_every_fairness_value_is_aif360_s(report: Report, rows: pd.DataFrame) -> None:
    made: dict[tuple[object, ...], object] = {}
    for found in fairness(report):
        name = found.metric.removeprefix("fairness.")
        where = tuple(found.where.get(key) for key in ("attribute", "unprivileged", "privileged"))
        attribute, unprivileged, privileged = where if found.where else ("sex", "Female", "Male")
        where = (*where, *found.members)
        if where not in made:
            groups = rows[attribute].mask(rows[attribute].isin(found.members), unprivileged)
            made[where] = oracle.metric(
                groups, rows["label"], rows["predicted"], str(unprivileged), str(privileged)
            )
        expected = oracle.value(made[where], name)
        np.testing.assert_allclose(found.value, expected, rtol=0, atol=1e-12, err_msg=f"{name} {found.where}")
    pools = {where for where in made if where[1] == "(others)"}
    assert len(made) - len(pools) == 1 + 1 + 3 + 2 + 8 + 13


def test_small_groups_are_pooled_for_each_metric(report: Report, rows: pd.DataFrame) -> None:
    """Selection counts all rows, equal opportunity those above 50K: fewer groups are small for the first."""
    sizes = {"disparate_impact": rows, "equal_opportunity_difference": rows[rows["label"]]}
    for attribute in ("race", "sex*race", "race*age"):
        privileged = {g.attribute: g.privileged for g in report.data.groups}[attribute]
        for name, within in sizes.items():
            counts = within[attribute].value_counts().reindex(rows[attribute].unique(), fill_value=0)
            small = sorted(set(counts[counts < 200].index) - set(privileged))
            pools = [
                m for m in fairness(report)
                if m.members and m.metric == f"fairness.{name}" and m.where["attribute"] == attribute
            ]  # fmt: skip
            assert [sorted(m.members) for m in pools] == [small] * (len(small) > 1), (attribute, name)
            assert all(m.smallest_n == counts[small].sum() for m in pools if m.smallest_n)


def test_every_comparison_is_there_once(report: Report, rows: pd.DataFrame) -> None:
    assert len(rows) == report.data.rows == 16_281
    found = [(m.metric, *m.where.values()) for m in fairness(report) if not m.members]
    comparisons = [("sex", 1), ("race", 3), ("age", 2), ("sex*race", 8), ("race*age", 13)]
    assert len(set(found)) == len(found) == sum(n for _, n in comparisons) * (len(DEFINITIONS) - 1) + 1
    assert {g.attribute: len(g.rows) - len(g.privileged) for g in report.data.groups} == dict(comparisons)
    privileged = {
        str(m.where["privileged"]) for m in fairness(report) if m.where.get("attribute") == "sex*race"
    }
    assert privileged == {"Male*Asian-Pac-Islander|Male*White"}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_group_metrics_are_those_of_boolean_masks(report: Report, rows: pd.DataFrame) -> None:
    label, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
    for attribute in ("sex", "race", "age", "sex*race", "race*age"):
        for group in rows[attribute].unique():
            mask, where = (rows[attribute] == group).to_numpy(), {"attribute": attribute, "group": group}
            expected = {
                "rows": mask.sum(),
                "accuracy": (label == predicted)[mask].mean(),
                "selection_rate": predicted[mask].mean(),
                "true_positive_rate": predicted[mask & label].mean(),
                "false_positive_rate": predicted[mask & ~label].mean(),
            }
            for name, value in expected.items():
                assert one(report, f"performance.{name}", **where).value == pytest.approx(
                    value, abs=1e-14, nan_ok=True
                )
            found = one(report, "performance.true_positive_rate", **where)
            assert found.n == (mask & label).sum()
            assert found.counts == {"rate": [(mask & label & predicted).sum(), (mask & label).sum()]}


@pytest.mark.parametrize(
    ("attribute", "unprivileged", "privileged"),
    [("sex", "Female", "Male"), ("race", "Black", "Asian-Pac-Islander|White")],
)
def test_counts_are_those_of_boolean_masks(
    report: Report, rows: pd.DataFrame, attribute: str, unprivileged: str, privileged: str
) -> None:
    label, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
    low, high = (rows[attribute].isin(names.split("|")).to_numpy() for names in (unprivileged, privileged))
    where = {"attribute": attribute, "unprivileged": unprivileged, "privileged": privileged}
    denominators = {
        "disparate_impact": low | high,
        "equal_opportunity_difference": label,
        "false_positive_rate_ratio": ~label,
        "false_omission_rate_difference": ~predicted,
    }
    for name, within in denominators.items():
        event = label if "omission" in name else predicted
        found = one(report, f"fairness.{name}", **where)
        sides = {"unprivileged": low & within, "privileged": high & within}
        assert found.counts == {side: [(event & mask).sum(), mask.sum()] for side, mask in sides.items()}
        sizes = [mask.sum() for mask in sides.values()]
        assert (found.n, found.smallest_n) == (sum(sizes), min(sizes))


def test_an_interval_stands_beside_every_value_it_can(report: Report) -> None:
    for found in measurements(report).values():
        if found.method in ("exact", "none") or (found.ci is None and min(found.rows, found.n) < 2):
            continue
        if found.ci is None:  # a rate over no rows, or a spread that was not seen
            assert (
                not np.isfinite(found.value) or not found.se or any(not c[-1] for c in found.counts.values())
            )
        elif np.isfinite(found.value):
            assert found.ci[0] <= found.value <= found.ci[1]
