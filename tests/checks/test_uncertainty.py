"""Standard errors and intervals: DeLong by brute force, weights as repeated rows, copies in clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.result import Measurement, Report

from ..audits import GIVEN, measurements, one, people, run
from ..conftest import Models
from .kit import effective_rows

PROTECTED = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}


def delong(label: np.ndarray, score: np.ndarray) -> tuple[float, float]:
    """DeLong, DeLong and Clarke-Pearson (1988), every pair looked at."""
    x, y = score[label == 1], score[label == 0]
    pairs = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    variance = pairs.mean(1).var(ddof=1) / len(x) + pairs.mean(0).var(ddof=1) / len(y)
    return float(pairs.mean()), float(np.sqrt(variance))


@pytest.mark.parametrize("digits", [1, 3])
def test_auc_and_its_error_are_delong_s(model: Models, tmp_path: Path, digits: int) -> None:
    frame = people(500).round({"score": digits})
    found = run(frame, model("given"), tmp_path, protected=PROTECTED)
    for where, rows in [({}, frame)] + [
        ({"attribute": "race", "group": group}, part) for group, part in frame.groupby("race")
    ]:
        expected = delong(rows["label"].to_numpy(), rows["score"].to_numpy())
        measured = one(found, "performance.auc", **where)
        assert measured.se is not None
        np.testing.assert_allclose([measured.value, measured.se], expected, rtol=1e-10)


def test_whole_weights_are_repeated_rows(model: Models, tmp_path: Path) -> None:
    """For values; the number of rows and the Theil index (AIF360 gives it no weights) stay those of the rows."""
    frame = people(300).assign(w=np.random.default_rng(9).integers(0, 4, 300))
    weighted = measurements(run(frame, model("given"), tmp_path, protected=PROTECTED, weight="w"))
    repeated = frame.loc[frame.index.repeat(frame["w"])]
    expected = measurements(run(repeated, model("given"), tmp_path, protected=PROTECTED))
    assert weighted.keys() == expected.keys()
    for key, found in weighted.items():
        if key[0] not in ("performance.rows", "fairness.theil_index"):
            np.testing.assert_allclose(
                found.value, expected[key].value, rtol=1e-9, atol=1e-12, err_msg=str(key)
            )
    assert one(run(frame, model("given"), tmp_path, weight="w"), "performance.rows").value == 300


def test_weighted_comparisons_count_effective_rows(model: Models, tmp_path: Path) -> None:
    frame = people(300).assign(w=np.random.default_rng(13).gamma(1.5, size=300))
    found = run(frame, model("given"), tmp_path, protected=PROTECTED, weight="w")
    where = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
    measured = one(found, "fairness.equal_opportunity_difference", **where)
    for side, sex in (("unprivileged", "Female"), ("privileged", "Male")):
        rows = frame[(frame["sex"] == sex) & (frame["label"] == 1)]
        size = effective_rows((rows["score"] >= 0.5).to_numpy(), rows["w"].to_numpy())
        share = np.average(rows["score"] >= 0.5, weights=rows["w"])
        np.testing.assert_allclose(measured.counts[side], [share * size, size], rtol=1e-12)
    assert measured.n == frame["label"].sum()


def width(found: Measurement) -> float:
    assert found.ci is not None
    return float(np.diff(found.ci)[0])


def comparable(report: Report) -> dict[Any, Measurement]:
    finite = {k: m for k, m in measurements(report).items() if m.ci and np.isfinite([*m.ci, m.value]).all()}
    return {k: m for k, m in finite.items() if m.rows > 50}


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_copies_in_a_cluster_buy_no_narrower_interval(model: Models, tmp_path: Path, kind: str) -> None:
    frame = people(600)
    spec = {**GIVEN, "output": "regression"} if kind == "regression" else GIVEN
    given: dict[str, Any] = {"protected": PROTECTED, "spec": spec}
    given |= {"favorable": {"at_least": 0.5}} if kind == "regression" else {}
    frame["label"] = frame["label"].astype(float) + (0.1 * frame["score"] if kind == "regression" else 0)
    plain = comparable(run(frame, model("given"), tmp_path, **given))
    copies = pd.concat([frame.assign(who=frame.index)] * 4 + [frame.assign(who=frame.index)[:1]])
    naive = comparable(run(copies, model("given"), tmp_path, **given))
    clustered = comparable(run(copies, model("given"), tmp_path, cluster="who", **given))
    assert len(plain) > 50
    for key, expected in plain.items():
        assert clustered[key].value == pytest.approx(naive[key].value, abs=1e-9), key
        assert clustered[key].value == pytest.approx(expected.value, abs=0.01)  # one row counts a fifth time
        assert width(clustered[key]) == pytest.approx(width(expected), rel=0.05), key
        if expected.method in (
            "clopper-pearson",
            "mover-difference",
            "mean-skewed",
            "root-mean-skewed",
            "delong",
        ):
            assert width(naive[key]) < 0.6 * width(expected), key


def test_one_row_that_differs_does_not_free_its_cluster(model: Models, tmp_path: Path) -> None:
    """Eight customers, five hundred copies of each: what is known of eight stays what is known of eight."""
    frame = people(8).assign(sex=["Female", "Male"] * 4, label=[0, 0, 1, 1] * 2, who=range(8))
    frame["score"] = np.where(frame["label"], 0.9, 0.1)
    copies = pd.concat([frame] * 500, ignore_index=True)
    given: dict[str, Any] = {"protected": {"sex": {"privileged": "Male"}}, "cluster": "who"}
    few = measurements(run(frame, model("given"), tmp_path, **given))
    copies.loc[0, "score"] = 0.9
    many = measurements(run(copies, model("given"), tmp_path, **given))
    rates = [key for key, m in few.items() if m.method.startswith(("clopper", "mover"))]
    assert len(rates) > 8
    for key in rates:
        if few[key].ci and np.isfinite([*(few[key].ci or ()), *(many[key].ci or ())]).all():
            assert width(many[key]) > 0.9 * width(few[key]), key


def test_theil_s_error_under_clusters_is_the_jackknife_s(model: Models, tmp_path: Path) -> None:
    """Leaving out one cluster at a time, which knows nothing of the delta method."""
    random = np.random.default_rng(17)
    frame = people(600).assign(who=random.integers(0, 60, 600))
    frame["score"] = np.where(frame["who"] % 3 == 0, 0.9, frame["score"])  # alike within a cluster

    def theil(rows: pd.DataFrame) -> float:
        benefit = (rows["score"] >= 0.5).astype(float) - rows["label"] + 1
        share = benefit / benefit.mean()
        return float(np.mean(np.where(share > 0, share * np.log(np.maximum(share, 1e-300)), 0)))

    left = np.array([theil(frame[frame["who"] != one]) for one in range(60)])
    expected = np.sqrt(59 / 60 * ((left - left.mean()) ** 2).sum())
    found, alone = (
        one(run(frame, model("given"), tmp_path, protected=PROTECTED, **given), "fairness.theil_index")
        for given in ({"cluster": "who"}, {})
    )
    assert found.value == alone.value == pytest.approx(theil(frame), rel=1e-12)
    assert found.se == pytest.approx(expected, rel=0.05) and found.se != alone.se
    assert found.counts["rows"][0] < 60 < alone.counts["rows"][0]


def test_auc_under_clusters_has_as_many_observations_as_clusters(model: Models, tmp_path: Path) -> None:
    frame = people(400).assign(who=np.arange(400) // 8)
    frame["label"] = (frame["who"] % 2).astype(int)
    found = one(run(frame, model("given"), tmp_path, cluster="who"), "performance.auc")
    assert found.counts == {"favorable": [25.0], "unfavorable": [25.0]}
    plain = one(run(frame, model("given"), tmp_path), "performance.auc")
    assert plain.counts == {"favorable": [200.0], "unfavorable": [200.0]} and plain.value == found.value


@pytest.mark.parametrize("scale", [1e-162, 1e-30, 1e160])
def test_intervals_know_the_ratios_of_weights_only(model: Models, tmp_path: Path, scale: float) -> None:
    """Squares of weights as small as these are 0, and of weights as large as these infinite."""
    frame = people(300).assign(w=np.random.default_rng(19).integers(1, 9, 300).astype(float))
    given: dict[str, Any] = {"protected": PROTECTED, "weight": "w"}
    plain = measurements(run(frame, model("given"), tmp_path, **given))
    scaled = measurements(run(frame.assign(w=frame["w"] * scale), model("given"), tmp_path, **given))
    for key, expected in plain.items():
        np.testing.assert_allclose(scaled[key].value, expected.value, rtol=1e-9, err_msg=str(key))
        np.testing.assert_allclose(scaled[key].ci or 0, expected.ci or 0, rtol=1e-6, err_msg=str(key))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    "case", ["one cluster", "a group without weight", "no weight on a label", "one score"]
)
def test_what_is_undefined_is_measured_without_a_warning(model: Models, tmp_path: Path, case: str) -> None:
    """Python's warnings would stand on the user's terminal; the report says NaN, which no rule lets pass."""
    frame, male = people(80).assign(who=1), {"protected": {"sex": {"privileged": "Male"}}}
    frame["w"] = (frame["sex"] == "Male" if "group" in case else frame["label"] == 0).astype(float)
    frame["score"] = 0.5 if case == "one score" else frame["score"]
    given = {"cluster": "who"} if "cluster" in case else {"weight": "w"} if "weight" in case else {}
    found = run(frame, model("given"), tmp_path, **male, **given)
    assert [check.status for check in found.checks] == ["measured", "measured"]
    if case == "a group without weight":
        empty = one(found, "performance.accuracy", attribute="sex", group="Female")
        assert np.isnan(empty.value) and empty.ci is None
