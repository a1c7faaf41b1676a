"""Audits of tables that a test holds in memory, through the public `audit.run`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import audit
from audit.check import policy_from
from audit.data.dataset import Dataset, read_dataset
from audit.data.source import BatchSize
from audit.result import Measurement, Report
from audit.subject.loading import load_subject
from audit.subject.predictions import Classified
from audit.subject.scoring import ScoringResult, score
from audit.subject.subject import Subject

GIVEN = {"output": "probabilities", "inputs": {"x": ["score"]}}
"""Model keys for the model ``given``: the column ``score`` is P(favourable)."""


SCORES_ONLY: dict[str, object] = {"explainability": False, "robustness": False, "slices": False}
"""Checks to turn off where a test is about scores and groups: it is faster, and says what it is about."""


def content(
    model: Path, data: Path | str, *, spec: Mapping[str, object] | None = None, **given: object
) -> dict[str, Any]:
    """Return a policy with no rules; ``spec`` goes under ``model`` and ``given`` under ``data``."""
    return {
        "version": 1,
        "model": {"path": str(model), **(spec or {})},
        "data": {"path": str(data), "label": "label", **given},
        "checks": dict(SCORES_ONLY),
        "gate": {"rules": []},
    }


def store(frame: pd.DataFrame, folder: Path, name: str = "table.parquet") -> Path:
    """Write ``frame`` and return its file; ``name`` says in which format."""
    file = folder / name
    frame.to_csv(file, index=False) if file.suffix == ".csv" else frame.to_parquet(file, index=False)
    return file


def subject(policy: Mapping[str, object]) -> Subject:
    """Load model and data and score the rows, as a check would see them."""
    return load_subject(policy_from(policy), lambda *_: None)


def classified(found: Subject) -> Classified:
    """Return the scores of a classification."""
    assert isinstance(found.scores, Classified)
    return found.scores


def file_rows(found: Subject) -> np.ndarray:
    """Return the features of the sampled rows in the order of the file."""
    data = found.features.data
    return np.asarray(data.matrix[np.argsort(data.index)])


def again(found: Subject, batch_size: BatchSize) -> tuple[Dataset, ScoringResult]:
    """Read and score the rows of an audit again, in batches of another size."""
    found.source.batch_size = batch_size
    table = read_dataset(found.policy.data, found.source, "auto")
    return table, score(found, found.source, table.labels, lambda *_: None)


def run(frame: pd.DataFrame, model: Path, folder: Path, **given: Any) -> Report:
    """Audit ``frame`` with the model ``given`` unless ``spec`` says otherwise."""
    return audit.run(content(model, store(frame, folder), **{"spec": GIVEN, **given}))


def measurements(report: Report) -> dict[tuple[str, tuple[tuple[str, object], ...]], Measurement]:
    """Return every measurement by metric and ``where``."""
    return {
        (m.metric, tuple(sorted(m.where.items()))): m for check in report.checks for m in check.measurements
    }


def one(report: Report, metric: str, **where: object) -> Measurement:
    """Return the measurement of ``metric`` with exactly this ``where``."""
    return measurements(report)[metric, tuple(sorted(where.items()))]


def people(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return a table with a label, a score that knows it a little, and three attributes."""
    random = np.random.default_rng(seed)
    sex = random.choice(["Female", "Male"], rows, p=[0.4, 0.6])
    race = random.choice(["Black", "Other", "White"], rows, p=[0.2, 0.1, 0.7])
    label = random.random(rows) < np.where(sex == "Male", 0.55, 0.4)
    score = np.clip(random.normal(0.45 + 0.15 * label, 0.2), 0.001, 0.999).round(3)
    age = random.integers(18, 80, rows).astype(float)
    return pd.DataFrame({"score": score, "sex": sex, "race": race, "age": age, "label": label.astype(int)})
