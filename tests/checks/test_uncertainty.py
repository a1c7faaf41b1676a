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


def test_weighted_comparisons_count_kish_s_rows(model: Models, tmp_path: Path) -> None:
    frame = people(300).assign(w=np.random.default_rng(13).gamma(1.5, size=300))
    found = run(frame, model("given"), tmp_path, protected=PROTECTED, weight="w")
    where = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
    measured = one(found, "fairness.equal_opportunity_difference", **where)
    for side, sex in (("unprivileged", "Female"), ("privileged", "Male")):
        rows = frame[(frame["sex"] == sex) & (frame["label"] == 1)]
        size = rows["w"].sum() ** 2 / (rows["w"] ** 2).sum()
        share = np.average(rows["score"] >= 0.5, weights=rows["w"])
        np.testing.assert_allclose(measured.counts[side], [share * size, size], rtol=1e-12)
    assert measured.n == frame["label"].sum()


def width(found: Measurement) -> float:
    assert found.ci is not None
    return float(np.diff(found.ci)[0])


def comparable(report: Report) -> dict[Any, Measurement]:
    finite = {k: m for k, m in measurements(report).items() if m.ci and np.isfinite([*m.ci, m.value]).all()}
    return {k: m for k, m in finite.items() if m.rows > 50 and k[0] != "fairness.theil_index"}


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_copies_in_a_cluster_buy_no_narrower_interval(model: Models, tmp_path: Path, kind: str) -> None:
    frame = people(600)
    spec = {**GIVEN, "output": "regression"} if kind == "regression" else GIVEN
    given: dict[str, Any] = {"protected": PROTECTED, "spec": spec}
    given |= {"favorable": {"at_least": 0.5}} if kind == "regression" else {}
    frame["label"] = frame["label"].astype(float) + (0.1 * frame["score"] if kind == "regression" else 0)
    plain = comparable(run(frame, model("given"), tmp_path, **given))
    copies = pd.concat([frame.assign(who=frame.index)] * 4)
    naive = comparable(run(copies, model("given"), tmp_path, **given))
    clustered = comparable(run(copies, model("given"), tmp_path, cluster="who", **given))
    assert len(plain) > 50
    for key, expected in plain.items():
        assert clustered[key].value == pytest.approx(expected.value, abs=1e-9)
        assert width(clustered[key]) == pytest.approx(width(expected), rel=0.05), key
        if expected.method in ("clopper-pearson", "mover-difference", "mean-t"):
            assert width(naive[key]) < 0.6 * width(expected), key


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
