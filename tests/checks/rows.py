"""Subjects whose rows are chosen anew without scoring them again: what a check measures on other rows, in no time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.check import entry_points, policy_from
from audit.result import Measurement
from audit.stats import interval
from audit.stats.influence import untraced
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ..audits import GIVEN, content, people, store
from ..conftest import Models

Key = tuple[str, tuple[tuple[str, object], ...]]

PROTECTED = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}
GROUPED: dict[str, Any] = {"protected": PROTECTED, "intersections": [["sex", "race"]]}
THREE = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}
NUMBER = {"inputs": {"x": ["score"]}, "output": "regression"}
KINDS: dict[str, dict[str, Any]] = {
    "two classes": {},
    "weights": {"weight": "w"},
    "clusters": {"cluster": "who"},
    "weights and clusters": {"weight": "w", "cluster": "who"},
    "three classes": {"spec": THREE, "favorable": ["fair", "good"]},
    "regression": {"spec": NUMBER, "favorable": {"at_least": 0.5}},
}
ROWS = 1500


def table(kind: str) -> pd.DataFrame:
    """Return `people` with weights, clusters of three rows or so, and three classes."""
    random, frame = np.random.default_rng(7), people(ROWS, 7)
    frame["w"], frame["who"] = random.random(ROWS) + 0.1, random.integers(0, ROWS // 3, ROWS)
    if kind == "three classes":
        frame[["p0", "p1", "p2"]] = random.dirichlet([1, 1, 1], ROWS)
        frame["label"] = random.choice(["bad", "fair", "good"], ROWS)
    return frame


def subject_of(kind: str, model: Models, folder: Path) -> Subject:
    given = {"spec": GIVEN, **GROUPED, **KINDS[kind]}
    path = model("given3" if kind == "three classes" else "given")
    return load_subject(policy_from(content(path, store(table(kind), folder), **given)), lambda *_: None)


def taken(subject: Subject, index: np.ndarray, copies: int = 1) -> Subject:
    """Return the subject with the rows of ``index``, so many times; a copy's clusters are clusters of their own."""
    rows = np.tile(index, copies)
    clusters = subject.clusters
    if clusters is not None:
        clusters = clusters[rows] + np.repeat(np.arange(copies), len(index)) * (clusters.max() + 1)
    return replace(
        subject,
        rows=len(rows),
        scores=subject.scores.take(rows),
        attributes=[replace(one, codes=one.codes[rows]) for one in subject.attributes],
        weights=None if subject.weights is None else subject.weights[rows],
        clusters=clusters,
    )


def turned(subject: Subject, attribute: str, privileged: str) -> Subject:
    """Return the subject with another privileged group."""
    attributes = [
        replace(one, privileged=[one.groups.index(privileged)]) if one.name == attribute else one
        for one in subject.attributes
    ]
    return replace(subject, attributes=attributes)


def whole(subject: Subject) -> bool:
    """Tell whether every group has rows, as every audit sees to."""
    return all(min(attribute.rows.values()) > 0 for attribute in subject.attributes)


def measured(subject: Subject, *checks: str) -> dict[Key, Measurement]:
    """Return what checks measure, with intervals at 95 %, by metric and ``where``."""
    with np.errstate(all="ignore"):
        found = [
            item
            for name in checks or ("performance", "fairness")
            for item in untraced(entry_points.check_class(name)().measure(subject))
            if isinstance(item, Measurement)
        ]
    return {(m.metric, tuple(sorted(m.where.items()))): replace(m, ci=interval(m, 0.95)) for m in found}
