"""A scale that falls before the border comes: the check sees past it, and says what its evidence rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.result import CheckResult, Note

from ...audits import content, store
from ...models import save

EPS, COLUMNS, ROWS = 0.1, 60, 300
NAMES = [f"x{i}" for i in range(COLUMNS)]
WEIGHTS, DECOY = np.random.default_rng(3).normal(size=(2, COLUMNS, 1)).astype(np.float32) / np.sqrt(COLUMNS)
X = np.random.default_rng(1).normal(size=(ROWS, COLUMNS)).astype(np.float32)
HEIGHT = (X @ WEIGHTS).ravel()
REACHED = np.abs(HEIGHT) < EPS * (np.abs(WEIGHTS.ravel()) * X.std(0)).sum()
"""Rows that the whole ball holds a flip of, but for those at the end of a column's range."""


def scaled(x: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(tf.matmul(x, WEIGHTS) * tf.exp(4 * tf.matmul(x, DECOY)))


def bare(x: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(tf.matmul(x, WEIGHTS))


def flat(x: Any) -> Any:
    """Scores that stay the same from 0.04 down and 0.96 up: one row in eight has no gradient."""
    import tensorflow as tf

    return tf.sigmoid(tf.clip_by_value(2 * tf.matmul(x, WEIGHTS), -3.2, 3.2))


def audited(score: Any, folder: Path) -> CheckResult:
    save(folder / "m", score, x=([None, COLUMNS], tf_float()))
    data = pd.DataFrame(X, columns=NAMES).assign(label=(HEIGHT > 0).astype(int))
    spec = {"inputs": {"x": NAMES}, "output": "probabilities"}
    policy = content(folder / "m", store(data, folder), spec=spec, favorable=1)
    others = dict.fromkeys(["performance", "fairness", "explainability"], False)
    rule = {
        "metric": "robustness.adversarial_accuracy", "where": {"attack": "worst", "eps": EPS}, "at_least": 0.1,
    }  # fmt: skip
    given = {"checks": {**others, "robustness": {"eps": [EPS], "queries": 250}}, "gate": {"rules": [rule]}}
    (check,) = (check for check in audit.run({**policy, **given}).checks if check.name == "robustness")
    return check


def tf_float() -> Any:
    import tensorflow as tf

    return tf.float32


def accuracy(check: CheckResult, attack: str) -> float:
    (found,) = (
        m.value
        for m in check.measurements
        if m.metric == "robustness.adversarial_accuracy" and m.where["attack"] == attack
    )
    return found


def texts(check: CheckResult) -> str:
    return " ".join(note.text if isinstance(note, Note) else str(note) for note in check.notes)


def test_a_scale_that_leads_gradients_astray_is_seen_at_the_border(tmp_path: Path) -> None:
    found = audited(scaled, tmp_path)
    left = 1 - REACHED.mean()
    assert accuracy(found, "pgd") > left + 0.05
    assert accuracy(found, "worst") == pytest.approx(left, abs=0.01)
    assert "a walk along the decision boundary by gradients flips another" in texts(found)


def test_a_plain_model_is_asked_from_the_border_as_well_and_stands(tmp_path: Path) -> None:
    found = audited(bare, tmp_path)
    (table,) = (table for table in found.tables if table.name == "validity")
    assert set(table.columns["verdict"]) == {"holds"}
    assert [str(test).rpartition(" by ")[2] for test in table.columns["test"]][-2:] == [
        "gradients",
        "decisions",
    ]
    assert accuracy(found, "worst") == accuracy(found, "pgd") == pytest.approx(1 - REACHED.mean(), abs=0.01)
    assert "relies on" not in texts(found)


def test_worst_that_no_gradient_stands_for_says_so(tmp_path: Path) -> None:
    found = audited(flat, tmp_path)
    assert accuracy(found, "worst") == pytest.approx(1 - REACHED.mean(), abs=0.02)
    assert "relies on the black-box attack and on walks along the decision boundary" in texts(found)
