"""Writes the demo's files: tables, models and policies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.demo.candidates import Recipe, train_candidate
from audit.demo.loans import make_loans
from audit.demo.policy import policy_name, policy_text
from audit.subject.scoring import Progress

TRAIN_ROWS = 24_000
TEST_ROWS = 8_000
CANDIDATES = {1: Recipe(reweighed=False, hardened=False), 2: Recipe(reweighed=True, hardened=True)}
"""Training options of each candidate, by its number."""


@dataclass(frozen=True)
class Seeds:
    """Seeds of the training rows, of the test rows, and of a model's training."""

    train: int = 0
    test: int = 1
    model: int = 0


SEEDS = Seeds()


def prepare_demo(out: Path, progress: Progress, seeds: Seeds = SEEDS) -> dict[int, Path]:
    """Write ``data/``, ``models/1``, ``models/2`` and a policy for each into ``out``.

    Args:
        out: output directory; created if missing, and files of these names replaced.
        progress: callback for the candidate being trained.
        seeds: seeds; by default those of the example that users see.

    Returns:
        Path of each candidate's policy, by number.
    """
    train = make_loans(TRAIN_ROWS, seeds.train)
    (out / "data").mkdir(parents=True, exist_ok=True)
    train.to_parquet(out / "data" / "train.parquet", index=False)
    make_loans(TEST_ROWS, seeds.test).to_parquet(out / "data" / "test.parquet", index=False)
    for done, (number, recipe) in enumerate(CANDIDATES.items()):
        progress("training candidates", done, len(CANDIDATES))
        train_candidate(train, out / "models" / str(number), recipe, seed=seeds.model)
        (out / policy_name(number)).write_text(policy_text(number), "utf-8")
    progress("training candidates", len(CANDIDATES), len(CANDIDATES))
    return {number: out / policy_name(number) for number in CANDIDATES}
