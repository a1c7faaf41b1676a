"""What people bring: a verdict that the model deserves, and the figures that scikit-learn computes from its scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)

from . import brought, table, truth
from .audited import Audited, audit, known
from .kind import Kind, Made


def labels(made: Made) -> pd.Series:
    frame = pd.read_csv(made.data) if made.data.suffix == ".csv" else pd.read_parquet(made.data)
    return frame[made.words[1]]


def figures(made: Made, kind: str) -> dict[str, float]:
    """Return what scikit-learn measures on the signature's own outputs."""
    raw = truth.raw(made)
    known = labels(made).to_numpy()
    if kind == "regression":
        predicted = raw[:, 0].astype(float)
        return {"r2": r2_score(known, predicted), "mae": mean_absolute_error(known, predicted)}
    chances = truth.probabilities(raw, kind)
    classes = np.unique(known)
    guesses = classes[chances.argmax(1)]
    found = {
        "accuracy": accuracy_score(known, guesses),
        "balanced_accuracy": balanced_accuracy_score(known, guesses),
        "log_loss": log_loss(known, chances / chances.sum(1, keepdims=True), labels=classes),
    }
    if len(classes) == 2:
        return {**found, "auc": roc_auc_score(known == classes[1], chances[:, 1])}
    return {
        **found,
        "macro_auc": roc_auc_score(known, chances / chances.sum(1, keepdims=True), multi_class="ovr"),
    }


def measured(audited: Audited) -> dict[str, float]:
    found: list[dict[str, Any]] = audited.report["checks"][0]["measurements"]
    return {m["metric"].removeprefix("performance."): m["value"] for m in found if not m["where"]}


@pytest.mark.parametrize("kind", brought.KINDS, ids=[kind.name for kind in brought.KINDS], scope="class")
class TestBrought:
    def test_init_asks_for_what_it_takes(self, audited: Audited) -> None:
        answers = known(audited.made)
        assert audited.init == (3 if answers else 0)
        assert {key for keys in audited.asked for key in keys} >= answers.keys()
        assert all(not answers.keys().isdisjoint(keys) for keys in audited.asked)

    def test_the_page_says_so(self, audited: Audited) -> None:
        row = table.row(audited)
        if table.WRITE:
            from .kinds import KINDS

            table.write(KINDS, audited.kind.name, row)
        assert table.is_written(audited.kind.name, row), row

    def test_figures_are_those_of_scikit_learn(self, audited: Audited) -> None:
        found = measured(audited)
        for metric, value in figures(audited.made, audited.subject.decision_rule.head.kind).items():
            assert found[metric] == pytest.approx(value, abs=2e-6), metric

    def test_a_model_that_knows_its_labels_passes(self, audited: Audited) -> None:
        assert (audited.code, audited.report["verdict"]) == (0, "pass"), audited.report["rules"]


@pytest.mark.parametrize("name", brought.SPOILED)
def test_a_model_that_knows_nothing_fails(name: str, tmp_path: Path) -> None:
    found = audit(Kind(name, "brought", brought.SPOILED[name]), tmp_path)
    assert (found.code, found.report["verdict"]) == (1, "fail"), found.report["rules"]
