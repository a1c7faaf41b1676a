"""A threshold that decides nothing is refused; one of two classes, and the default, never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.cli import main
from audit.errors import AuditError

from ..audits import GIVEN, classified, content, store, subject
from ..conftest import Models

THREE = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}


def three_classes(labels: list[Any]) -> pd.DataFrame:
    scores = np.random.default_rng(2).dirichlet([1, 1, 1], 300)
    return pd.DataFrame(scores, columns=["p0", "p1", "p2"]).assign(label=(labels * 300)[:300])


def one_column() -> pd.DataFrame:
    scores = np.random.default_rng(2).random(300)
    return pd.DataFrame({"score": scores, "label": [0, 1] * 150})


def test_of_several_classes(model: Models, tmp_path: Path) -> None:
    policy = content(model("given3"), store(three_classes(["a", "b", "c"]), tmp_path), spec=THREE)
    for favorable in (["c"], None):
        policy["data"].update(favorable=favorable, threshold=0.95)
        with pytest.raises(AuditError) as caught:
            subject(policy)
        assert caught.value.where == "data.threshold"
        assert caught.value.found == "0.95 for 3 classes, of which the most probable one is predicted"
        policy["data"]["threshold"] = 0.5
        subject(policy)


def test_of_a_class_that_no_row_has(model: Models, tmp_path: Path) -> None:
    """Two label values, and a model of three classes: known with its first scores."""
    spec = {**THREE, "classes": ["a", "b", "c"]}
    data = store(three_classes(["a", "b"]), tmp_path)
    policy = content(model("given3"), data, spec=spec, favorable="a", threshold=0.3)
    with pytest.raises(AuditError, match=r"0\.3 for 3 classes"):
        subject(policy)


@pytest.mark.parametrize("favorable", [None, {"at_least": 0.5}])
def test_of_a_regression(model: Models, tmp_path: Path, favorable: object) -> None:
    spec = {**GIVEN, "output": "regression"}
    policy = content(model("given"), store(one_column(), tmp_path), spec=spec, favorable=favorable)
    subject(policy)
    policy["data"]["threshold"] = 0.7
    with pytest.raises(AuditError, match=r"0\.7 for a regression") as caught:
        subject(policy)
    assert "favorable: {at_least: NUMBER}" in caught.value.fix


def test_of_two_classes_it_decides(model: Models, tmp_path: Path) -> None:
    frame = one_column()
    policy = content(model("given"), store(frame, tmp_path), spec=GIVEN, threshold=0.7)
    assert classified(subject(policy)).predicted.sum() == (frame["score"] >= 0.7).sum()


def test_the_exit_code_is_2(model: Models, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = store(three_classes(["a", "b", "c"]), tmp_path)
    options = ["--label", "label", "--set", "data.threshold=0.9", "--out", str(tmp_path / "out"), "--quiet"]
    inputs = ["--set", "model.inputs={x: [p0, p1, p2]}", "--set", "model.output=probabilities"]
    assert main(["run", "--model", str(model("given3")), "--data", str(data), *options, *inputs]) == 2
    assert "data.threshold" in capsys.readouterr().err
