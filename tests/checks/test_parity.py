"""Parity metrics of a table that is worked by hand, and of thin groups against AIF360 on the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.checks.fairness.metrics import COMPARISONS
from audit.result import Report

from ..audits import one, people, run
from ..conftest import Models
from . import oracle

# group, label, predicted: Female has 6 rows, of which 2 are chosen; Male has 6 rows, of which 4 are.
ROWS = [
    ("F", 1, 1), ("F", 1, 0), ("F", 1, 0), ("F", 0, 1), ("F", 0, 0), ("F", 0, 0),
    ("M", 1, 1), ("M", 1, 1), ("M", 1, 1), ("M", 1, 0), ("M", 0, 1), ("M", 0, 0),
]  # fmt: skip
BY_HAND = {
    "statistical_parity_difference": 2 / 6 - 4 / 6,
    "disparate_impact": (2 / 6) / (4 / 6),
    "equal_opportunity_difference": 1 / 3 - 3 / 4,
    "false_negative_rate_difference": 2 / 3 - 1 / 4,
    "false_negative_rate_ratio": (2 / 3) / (1 / 4),
    "false_positive_rate_difference": 1 / 3 - 1 / 2,
    "false_positive_rate_ratio": (1 / 3) / (1 / 2),
    "error_rate_difference": 3 / 6 - 2 / 6,
    "error_rate_ratio": (3 / 6) / (2 / 6),
    "false_discovery_rate_difference": 1 / 2 - 1 / 4,
    "false_discovery_rate_ratio": (1 / 2) / (1 / 4),
    "false_omission_rate_difference": 2 / 4 - 1 / 2,
    "false_omission_rate_ratio": (2 / 4) / (1 / 2),
    "average_odds_difference": ((1 / 3 - 3 / 4) + (1 / 3 - 1 / 2)) / 2,
    "average_abs_odds_difference": ((3 / 4 - 1 / 3) + (1 / 2 - 1 / 3)) / 2,
    "equalized_odds_difference": 3 / 4 - 1 / 3,
}
SEX = {"attribute": "sex", "unprivileged": "F", "privileged": "M"}


def table(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["sex", "label", "score"])
    return frame.assign(score=0.2 + 0.6 * frame["score"])


@pytest.fixture(scope="module")
def report(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("hand")
    return run(table(ROWS), model("given"), folder, protected={"sex": {"privileged": "M"}})


def test_the_hand_worked_table_covers_every_comparison() -> None:
    assert set(BY_HAND) == set(COMPARISONS)


@pytest.mark.parametrize("name", list(BY_HAND))
def test_a_hand_worked_table(report: Report, name: str) -> None:
    assert one(report, f"fairness.{name}", **SEX).value == pytest.approx(BY_HAND[name], abs=1e-14)


def test_the_theil_index_of_the_hand_worked_table(report: Report) -> None:
    """Benefits: 4 of 1 where right and favourable, 3 of 1 where right and not, 2 of 2, 3 of 0."""
    benefit = np.array([1 + p - y for _, y, p in ROWS])
    assert sorted(benefit) == [0, 0, 0] + [1] * 7 + [2, 2]
    share = 2 / (11 / 12)
    mean, one_share = 11 / 12, 1 / (11 / 12)
    expected = (7 * one_share * np.log(one_share) + 2 * share * np.log(share)) / 12
    assert mean == benefit.mean()
    assert one(report, "fairness.theil_index").value == pytest.approx(expected, abs=1e-14)


def test_n_is_the_metric_s_own_denominator(report: Report) -> None:
    found = {
        name: (one(report, f"fairness.{name}", **SEX).n, one(report, f"fairness.{name}", **SEX).rows)
        for name in ("disparate_impact", "equal_opportunity_difference", "false_positive_rate_ratio")
    }
    assert found == {
        "disparate_impact": (12, 6),
        "equal_opportunity_difference": (7, 3),
        "false_positive_rate_ratio": (5, 2),
    }


THIN = {
    "no favourable label": [("F", 0, 1), ("F", 0, 0)],
    "nobody chosen": [("F", 1, 0), ("F", 0, 0)],
    "everybody chosen": [("F", 1, 1), ("F", 0, 1)],
    "one row": [("F", 1, 0)],
    "no error": [("F", 1, 1), ("F", 0, 0)],
}


@pytest.mark.parametrize("turned", [False, True], ids=["unprivileged", "privileged"])
@pytest.mark.parametrize("case", list(THIN))
def test_what_is_undefined_is_so_as_in_aif360(model: Models, tmp_path: Path, case: str, turned: bool) -> None:
    rows = THIN[case] + [row for row in ROWS if row[0] == "M"]
    frame, where = table(rows), dict(SEX)
    if turned:
        where |= {"unprivileged": "M", "privileged": "F"}
    found = run(frame, model("given"), tmp_path, protected={"sex": {"privileged": where["privileged"]}})
    expected = oracle.metric(
        frame["sex"], frame["label"], frame["score"] > 0.5, where["unprivileged"], where["privileged"]
    )
    for name in COMPARISONS:
        value = one(found, f"fairness.{name}", **where).value
        np.testing.assert_allclose(value, oracle.value(expected, name), rtol=0, atol=1e-12, err_msg=name)


def test_weighted_values_are_aif360_s_with_instance_weights(model: Models, tmp_path: Path) -> None:
    frame = people(400).assign(w=np.random.default_rng(5).gamma(1.0, 2.0, 400))
    protected = {"race": {"privileged": ["White", "Other"]}}
    found = run(frame, model("given"), tmp_path, protected=protected, weight="w")
    expected = oracle.metric(
        frame["race"], frame["label"], frame["score"] >= 0.5, "Black", "Other|White", frame["w"]
    )
    for name in COMPARISONS:
        value = one(
            found, f"fairness.{name}", attribute="race", unprivileged="Black", privileged="Other|White"
        )
        np.testing.assert_allclose(
            value.value, oracle.value(expected, name), rtol=0, atol=1e-12, err_msg=name
        )
