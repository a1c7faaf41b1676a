"""One check on one subject, and a logistic model of named columns whose attributions and attacks have closed forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.check import entry_points, policy_from
from audit.result import Measurement, Note, Table
from audit.stats.influence import TracedEvidence, untraced
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ..audits import content, store
from ..models import save

COLUMNS = ["age", "sex_Male", "is_north", "hours", "debt", "grade", "extra"]
"""What the model ``logistic`` reads: protected by itself, as a dummy, as a one-hot column, ..., without effect."""
WEIGHTS = np.array([0.05, 0.7, -0.4, 0.03, -0.5, 0.3, 0.0])
BIAS = -2.5
_COSTS = ("Attribution took ", "The attacks take up to ")
PROTECTED: dict[str, Any] = {
    "age": {"bins": [30], "privileged": ">=30"},
    "sex": {"privileged": "Male"},
    "region": {"columns": {"North": "is_north", "South": "is_south"}, "privileged": "North"},
    "race": {"privileged": "White"},
}


@dataclass(frozen=True)
class Found:
    """What a check yielded; ``costs`` are the notes on its budget, which every audit has."""

    measurements: list[Measurement]
    tables: dict[str, pd.DataFrame]
    notes: list[str]
    costs: list[str] = field(default_factory=list)

    def one(self, metric: str, **where: object) -> Measurement:
        (found,) = (m for m in self.measurements if m.metric.endswith(f".{metric}") and m.where == where)
        return found

    def value(self, metric: str, **where: object) -> float:
        return self.one(metric, **where).value

    def of(self, metric: str) -> dict[object, Measurement]:
        """Return the measurements of a metric by the one thing that their ``where`` names."""
        return {next(iter(m.where.values())): m for m in self.measurements if m.metric.endswith(f".{metric}")}


def measure(name: str, given: Subject, **options: Any) -> Found:
    """Run a check with these options."""
    return collected(entry_points.check_class(name)(**options).measure(given))


def collected(evidence: Iterable[TracedEvidence]) -> Found:
    """Return what a check, or a part of one, yields."""
    with np.errstate(all="ignore"):
        found = untraced(evidence)
    texts = [item.text for item in found if isinstance(item, Note)]
    return Found(
        [item for item in found if isinstance(item, Measurement)],
        {item.name: pd.DataFrame(item.columns) for item in found if isinstance(item, Table)},
        [text for text in texts if not text.startswith(_COSTS)],
        [text for text in texts if text.startswith(_COSTS)],
    )


def logistic(path: Path) -> Path:
    """Export the sigmoid of ``WEIGHTS x + BIAS`` over one tensor."""
    import tensorflow as tf

    weights = tf.constant(WEIGHTS[:, None], tf.float32)
    save(path, lambda x: tf.sigmoid(tf.matmul(x, weights) + BIAS), x=([None, len(COLUMNS)], tf.float32))
    return path


def persons(rows: int, seed: int, spread: float = 12) -> pd.DataFrame:
    """Return rows that `logistic` reads, with the attributes that its columns stand for."""
    rng = np.random.default_rng(seed)
    sex, north = rng.choice(["Female", "Male"], rows), rng.integers(0, 2, rows)
    frame = pd.DataFrame({"age": rng.normal(40, spread, rows).astype(np.float32)})
    frame["sex_Male"], frame["is_north"], frame["is_south"] = (sex == "Male") * 1.0, north, 1 - north
    frame["hours"] = rng.normal(38, spread, rows).astype(np.float32)
    frame[["debt", "grade", "extra"]] = rng.normal(size=(rows, 3)).astype(np.float32)
    frame["sex"], frame["race"] = sex, rng.choice(["Black", "White"], rows)
    return frame.assign(label=(rng.random(rows) < 1 / (1 + np.exp(-log_odds(frame)))).astype(int))


def log_odds(frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(frame[COLUMNS].to_numpy(np.float64) @ WEIGHTS + BIAS)


def subject_of(
    model: Path, data: pd.DataFrame, background: pd.DataFrame, folder: Path, **given: Any
) -> Subject:
    """Return the subject of an audit of `logistic`; ``given`` goes under ``data``, its ``rows`` under ``report``."""
    rows, seed = given.pop("rows", "masked"), given.pop("seed", 0)
    spec = given.pop("spec", {"inputs": {"x": COLUMNS}})
    folder.mkdir(exist_ok=True)
    reference = store(background, folder, "background.parquet")
    policy = content(model, store(data, folder), spec=spec, background=str(reference), **given)
    return load_subject(policy_from({**policy, "report": {"rows": rows}}), lambda *_: None, seed)


def effective_rows(event: np.ndarray, weight: np.ndarray) -> float:
    """Return the smaller of Kish's size and Korn and Graubard's, one row of each kind as heavy as the heaviest."""
    share = np.average(event, weights=weight)
    variance = 0.0
    for kind, factor in ((event, (1 - share) ** 2), (~event, share**2)):
        w = weight[kind]
        variance += factor * ((w**2).sum() + w.max() ** 2 - ((w**2).sum() / w.sum()) ** 2)
    kish = weight.sum() ** 2 / (weight**2).sum()
    return float(min(kish, share * (1 - share) * weight.sum() ** 2 / variance))
