"""The tables of scores against scikit-learn and counting by hand, with and without weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn import metrics as sk

from audit.checks.fairness import Fairness
from audit.checks.performance import Performance
from audit.checks.performance.score_tables import score_tables
from audit.result import Report, Table

from ...audits import GIVEN, classified, content, people, run, store, subject
from ...conftest import Models

PROTECTED = {"sex": {"privileged": "Male"}}


def tables(report: Report) -> dict[str, pd.DataFrame]:
    (check,) = [check for check in report.checks if check.name == "performance"]
    return {table.name: frame(table) for table in check.tables}


def frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame(table.columns)


@pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])
def test_tables_are_scikit_learn_s(model: Models, tmp_path: Path, weighted: bool) -> None:
    data = people(700)
    w = np.random.default_rng(6).gamma(2.0, size=len(data)) if weighted else np.ones(len(data))
    given = {"weight": "w"} if weighted else {}
    drawn = tables(
        run(data.assign(w=w), model("given"), tmp_path, protected=PROTECTED, threshold=0.455, **given)
    )
    y, p = data["label"].to_numpy(), data["score"].to_numpy(np.float32)
    sex = {group: (data["sex"] == group).to_numpy() for group in ("Male", "Female")}
    w = w / w.mean()
    for group, rows in {"": np.ones(len(data), bool), **sex}.items():
        of_group = {name: lines[lines["group"] == group] for name, lines in drawn.items() if name != "roc"}
        cells = of_group["confusion"].pivot(index="label", columns="decision", values="rows")
        expected = sk.confusion_matrix(y[rows], (p >= np.float32(0.455))[rows], sample_weight=w[rows])
        np.testing.assert_allclose(cells.to_numpy(), expected)
        bins = of_group["score_histogram"]
        for _, one in bins.iterrows():
            inside = (
                rows & (p >= np.float32(one["low"])) & ((p < np.float32(one["high"])) | (one["high"] == 1))
            )
            assert one["favorable"] == pytest.approx(w[inside & (y == 1)].sum())
            assert one["unfavorable"] == pytest.approx(w[inside & (y == 0)].sum())
        assert bins[["favorable", "unfavorable"]].to_numpy().sum() == pytest.approx(w[rows].sum())
    roc = drawn["roc"].set_index("threshold")
    assert roc.index[roc["chosen"]].tolist() == [0.455] and roc.iloc[0]["true_positive_rate"] == 0
    for threshold, line in zip(roc.index[1:].to_numpy(float), roc.to_dict("records")[1:], strict=True):
        decided = p >= np.float32(threshold)
        recall = sk.recall_score(y, decided, sample_weight=w)
        assert line["true_positive_rate"] == pytest.approx(recall)
        assert line["false_positive_rate"] == pytest.approx(
            1 - sk.recall_score(1 - y, ~decided, sample_weight=w)
        )
        if decided.any():
            assert line["precision"] == pytest.approx(sk.precision_score(y, decided, sample_weight=w))
    if weighted:
        assert roc["true_positive_rate_low"].isna().all()
    else:
        hits, positives = int((y[p >= 0.5] == 1).sum()), int((y == 1).sum())
        exact = binomtest(hits, positives).proportion_ci(0.95, "exact")
        ends = [roc[f"true_positive_rate_{end}"].to_dict()[0.5] for end in ("low", "high")]
        assert ends == pytest.approx([exact.low, exact.high])


def test_small_groups_have_no_table_of_their_own(model: Models, tmp_path: Path) -> None:
    data = people(300)
    data.loc[data.index[:20], "sex"] = "Other"
    drawn = tables(run(data, model("given"), tmp_path, protected=PROTECTED))
    assert set(drawn["score_histogram"]["group"]) == {"", "Male", "Female"}


def test_several_classes_have_no_chosen_threshold_and_a_batch_no_tables(
    model: Models, tmp_path: Path
) -> None:
    data = people(300)
    policy = content(model("given"), store(data, tmp_path), spec=GIVEN, protected=PROTECTED)
    whole = subject(policy)
    assert {e.name for e in Performance().measure(whole) if isinstance(e, Table)} >= {"roc", "confusion"}
    assert not [e for e in Performance().measure(replace(whole, tables=False)) if isinstance(e, Table)]
    assert not [e for e in Fairness().measure(replace(whole, tables=False)) if isinstance(e, Table)]
    three = replace(whole, scores=replace(classified(whole), classes=[0, 1, 2]))
    (roc,) = [table for table in score_tables(three) if table.name == "roc"]
    assert not any(roc.columns["chosen"])
