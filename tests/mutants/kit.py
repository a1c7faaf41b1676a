"""Candidates with weights set by hand, and their broken variants as models on disk, scored by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from audit.check import policy_from
from audit.mutants.candidate import Candidate, read_candidate
from audit.mutants.catalogue import mutants
from audit.mutants.export import make_mutant
from audit.mutants.mutant import Mutant, SkippedMutant
from audit.policy.model import ResolvedPolicy
from audit.subject.loading import load_subject

from ..audits import SCORES_ONLY
from ..models import WEIGHTS

ROWS = 400


def rows(classes: int = 2, count: int = ROWS) -> pd.DataFrame:
    """Return two columns, a group, and labels drawn from the scores of the models of `WEIGHTS`."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": 2 * random.standard_normal(count), "b": 2 * random.standard_normal(count)})
    odds = logits(frame, 3 if classes > 2 else 1)
    odds = odds if classes > 2 else np.concatenate([np.zeros_like(odds), odds], 1)
    label = (2 * odds + random.gumbel(size=odds.shape)).argmax(1)
    return frame.assign(sex=random.choice(["Female", "Male"], count), label=label)


def logits(frame: pd.DataFrame, columns: int) -> np.ndarray:
    """Return what the models of `WEIGHTS` have below their head."""
    inputs = frame[["a", "b"]].to_numpy(np.float32)
    return np.asarray(inputs @ np.array(WEIGHTS, np.float32)[:, :columns], np.float64)


def expit(odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-odds)))


def content(model: Path, data: Path, /, **more: Any) -> dict[str, Any]:
    """Return a policy that protects ``sex``; ``more`` is merged into its parts."""
    found: dict[str, Any] = {
        "version": 1,
        "model": {"path": str(model)},
        "data": {"path": str(data), "label": "label", "protected": {"sex": {"privileged": "Male"}}},
        "checks": dict(SCORES_ONLY),
        "gate": {"rules": [{"metric": "performance.rows", "at_least": 0}]},
    }
    for part, given in more.items():
        found[part] = {**found.get(part, {}), **given}
    return found


@dataclass
class Workshop:
    """A candidate, and a folder in which its variants are made."""

    policy: ResolvedPolicy
    folder: Path

    def __post_init__(self) -> None:
        self.candidate: Candidate = read_candidate(load_subject(self.policy, lambda doing, done, total: None))
        self._made: dict[str, ResolvedPolicy] = {}
        self.known = {item.name: item for item in mutants(self.candidate)}

    def variant(self, name: str) -> Mutant:
        found = self.known[name]
        assert isinstance(found, Mutant), found
        return found

    def left_out(self) -> dict[str, str]:
        return {item.name: item.reason for item in self.known.values() if isinstance(item, SkippedMutant)}

    def made(self, name: str) -> ResolvedPolicy:
        """Return the policy of the variant, which now lies below the folder."""
        if name not in self._made:
            place = self.folder / f"variant-{len(self._made)}"
            place.mkdir()
            self._made[name] = make_mutant(self.variant(name), self.policy, self.candidate.subject, place)
        return self._made[name]

    def scored(self, name: str, fed: Mapping[str, Any]) -> np.ndarray:
        """Return what the variant's SavedModel answers when it is called by hand."""
        return served(Path(self.made(name).model.path), fed)


@cache
def loaded(path: Path) -> Any:
    return tf.saved_model.load(str(path))


def served(path: Path, fed: Mapping[str, Any]) -> np.ndarray:
    """Return the only output of a SavedModel's signature."""
    tensors = {name: tf.constant(value) for name, value in fed.items()}
    (output,) = loaded(path).signatures["serving_default"](**tensors).values()
    return np.asarray(output)


def workshop(model: Path, frame: pd.DataFrame, folder: Path, /, **more: Any) -> Workshop:
    data = folder / "table.parquet"
    frame.to_parquet(data, index=False)
    return Workshop(policy_from(content(model, data, **more)), folder)
