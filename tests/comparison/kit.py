"""Audits of two models whose scores are columns of a table: ``score`` is the candidate's, ``old`` the baseline's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import audit
from audit.result import Baseline, Measurement, Report

from ..audits import GIVEN, content, store
from ..conftest import Models
from ..models import save

PROTECTED = {"sex": {"privileged": "Male"}}


def noisy(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Two noisy versions of one score, a label that follows what both are made of, and groups."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=rows)
    sex = rng.choice(["Female", "Male"], rows)

    def score(noise: float, shift: float) -> np.ndarray:
        found = truth + noise * rng.normal(size=rows) + shift * (sex == "Male")
        return np.asarray(1 / (1 + np.exp(-2 * found)))

    frame = pd.DataFrame({"score": score(0.4, 0.3), "old": score(0.6, 0.6), "sex": sex})
    return frame.assign(
        label=(rng.random(rows) < 1 / (1 + np.exp(-2 * truth))).astype(int),
        weight=rng.integers(1, 4, rows).astype(float),
        owner=rng.integers(0, rows // 3, rows),
    )


def old_model(folder: Path, columns: int = 1) -> Path:
    """Write a model whose scores are its input ``old``."""
    import tensorflow as tf

    path = folder / f"old{columns}"
    if not path.exists():
        save(path, lambda old: tf.identity(old), old=([None, columns], tf.float64))
    return path


def policy_of(
    frame: pd.DataFrame, models: Models, folder: Path, rules: Sequence[Mapping[str, Any]] = (), **given: Any
) -> dict[str, Any]:
    """Compare ``score`` with ``old``; ``given`` goes under ``data``, its ``spec`` under ``model``."""
    spec = {**GIVEN, "baseline": str(old_model(folder)), **given.pop("spec", {})}
    candidate = given.pop("candidate", None) or models("given")
    found = content(candidate, store(frame, folder), spec=spec, **{"protected": PROTECTED, **given})
    return {**found, "gate": {"rules": list(rules)}}


def run(*args: Any, **given: Any) -> Report:
    return audit.run(policy_of(*args, **given))


def one(report: Report, metric: str, **where: str) -> Measurement:
    """Return the measurement of the whole table, or of the group or comparison that ``where`` names."""
    (found,) = (
        m
        for check in report.checks
        for m in check.measurements
        if m.metric.endswith(f".{metric}")
        and m.where.items() >= where.items()
        and bool(m.where) == bool(where)
    )
    return found


def against(found: Measurement) -> Baseline:
    assert found.baseline is not None
    return found.baseline
