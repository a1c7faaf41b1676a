"""A protected attribute's share of the attribution, beside that of a baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.result import Baseline

from ..audits import content, store
from ..models import save

ROWS = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attribution")


def logistic(folder: Path, name: str, male: float, extra: float = 0.0) -> Path:
    import tensorflow as tf

    column = ([None, 1], tf.float32)
    path = folder / name
    save(path, lambda a, b, male_: tf.sigmoid(a - b + male * male_ + extra), a=column, b=column, male_=column)
    return path


def share(folder: Path, candidate: Path, baseline: Path) -> tuple[float, Baseline]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 2)).astype(np.float32), columns=["a", "b"])
    frame = frame.assign(male=rng.integers(0, 2, ROWS).astype(float), label=rng.integers(0, 2, ROWS))
    frame["sex"] = np.where(frame["male"] == 1, "Male", "Female")
    spec: dict[str, Any] = {"baseline": str(baseline), "inputs": {"male_": ["male"]}}
    protected = {"sex": {"privileged": "Male"}}
    policy = content(candidate, store(frame, folder), spec=spec, protected=protected)
    policy["checks"] = {
        "fairness": False,
        "robustness": False,
        "explainability": {"rows": 150, "references": 50},
    }
    rule = {"metric": "explainability.protected_share", "no_worse_than_baseline_by": 0.9}
    report = audit.run({**policy, "gate": {"rules": [rule]}})
    (decided,) = report.rules
    (found,) = decided.measurements
    assert decided.status == "pass" and found.baseline is not None
    return found.value, found.baseline


def test_a_model_that_reads_the_attribute_less_is_better(folder: Path) -> None:
    value, baseline = share(folder, logistic(folder, "less", 0.5), logistic(folder, "more", 1.5))
    assert baseline.improvement == pytest.approx(baseline.value - value) and baseline.improvement > 0.1
    assert baseline.improvement_ci is not None and baseline.improvement_ci[0] > 0
    assert baseline.correlation is not None and 0.3 < baseline.correlation < 1


def test_the_same_function_of_other_bytes_errs_alike(folder: Path) -> None:
    _, baseline = share(folder, logistic(folder, "plain", 1.0), logistic(folder, "shifted", 1.0, 1e-6))
    assert baseline.correlation == pytest.approx(1, abs=0.05) and not baseline.identical
