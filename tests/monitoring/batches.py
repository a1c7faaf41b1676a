"""A promoted model without secrets, its reference, and batches: the column ``score`` is P(favourable)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.check import policy_from
from audit.policy.model import ResolvedPolicy

from ..audits import GIVEN, SCORES_ONLY

RULES = [
    {"id": "accuracy", "metric": "performance.accuracy", "at_least": 0.6},
    {
        "id": "recall",
        "metric": "performance.true_positive_rate",
        "where": {"attribute": "sex", "group": "f"},
        "at_least": 0.5,
    },
    {
        "id": "selection",
        "metric": "fairness.disparate_impact",
        "where": {"attribute": "sex"},
        "at_least": 0.5,
    },
    {"id": "brier", "metric": "performance.brier", "at_most": 0.3},
]


def table(rows: int, seed: int, *, shift: float = 0.0, recall: float | None = None) -> pd.DataFrame:
    """Return rows whose labels follow their scores, which ``shift`` moves; ``recall`` is that of women."""
    rng = np.random.default_rng(seed)
    score = np.clip(rng.beta(2, 2, rows) + shift, 0.0, 1.0)
    label = (rng.random(rows) < score).astype(int)
    sex = rng.choice(["f", "m"], rows)
    if recall is not None:
        women = (sex == "f") & (label == 1)
        hit = rng.random(rows) < recall
        score = np.where(women, np.where(hit, 0.5 + score / 2, score / 2.1), score)
    ids = [f"{seed}-{row}" for row in range(rows)]
    return pd.DataFrame({"id": ids, "score": score, "sex": sex, "label": label})


def policy(
    model: Path, folder: Path, rules: Sequence[Mapping[str, object]] = RULES, **monitoring: Any
) -> ResolvedPolicy:
    """Write the reference into ``folder`` and return the policy; ``monitoring`` are keys of that section."""
    return policy_from(content(model, folder, rules, **monitoring))


def content(
    model: Path, folder: Path, rules: Sequence[Mapping[str, object]] = RULES, **monitoring: Any
) -> dict[str, object]:
    """Return the policy as plain data."""
    reference = folder / "reference.parquet"
    if not reference.exists():
        table(4000, 0).to_parquet(reference, index=False)
    protected: Mapping[str, object] = {"sex": {"privileged": "m"}}
    return {
        "version": 1,
        "model": {"path": str(model), **GIVEN},
        "data": {"path": str(reference), "label": "label", "protected": protected, "ignore": ["id"]},
        "checks": dict(SCORES_ONLY),
        "gate": {"rules": rules, "min_rows": 20},
        "monitoring": monitoring,
    }


def store(frame: pd.DataFrame, folder: Path, name: str) -> str:
    """Write a batch and return its path."""
    file = folder / name
    frame.to_csv(file, index=False) if file.suffix == ".csv" else frame.to_parquet(file, index=False)
    return str(file)
