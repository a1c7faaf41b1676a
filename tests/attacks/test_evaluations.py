"""The evaluations of the model that an attack says it takes at most: counted where no row ever flips."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from audit.attacks import ATTACKS, Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import Ascent, GradientAscent
from audit.attacks.run import attack
from audit.attacks.table import evaluations
from audit.attacks.threat_model import Range
from audit.frameworks.tensorflow_loader import GRADIENT_COST

from .kit import Network, space

ROWS, SIZES = 12, [0.01, 0.02]
X = np.random.default_rng(0).normal(size=(ROWS, 4)).astype(np.float32)
CATEGORIES = np.eye(3, dtype=np.float32)[np.arange(ROWS) % 3]


class Counting(GradientAscent):
    """Counts the rows whose gradient is taken, at each step."""

    gradients = 0

    def climb(
        self, x: np.ndarray, classes: np.ndarray, eta: np.ndarray, bounds: Range, eps: float, step_length: float,
        steps: int,
    ) -> Ascent:  # fmt: skip
        self.gradients += len(x) * steps
        return super().climb(x, classes, eta, bounds, eps, step_length, steps)


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(("steps", "categories"), [(7, 0), (20, 0), (20, 3)])
def test_no_attack_takes_more_evaluations_than_it_says(name: str, steps: int, categories: int) -> None:
    columns = 4 + categories
    network, where = Network(columns, gain=50.0), space(columns)
    network.weights[0][4:] /= 1000  # no category flips a row
    x = np.concatenate([X, CATEGORIES[:, :categories]], axis=1)
    if categories:
        where = replace(where, movable=np.arange(columns) < 4, choices=(np.arange(4, columns),))
    taken: Counter[str] = Counter()

    def judge(x: np.ndarray) -> np.ndarray:
        taken["rows"] += len(x)
        return network.judge(x)

    def log_odds(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        taken["rows"] += len(x)
        margins = network.margins(x)
        return margins, margins.argmax(1)

    observed = np.random.default_rng(1).normal(size=(40, columns)).astype(np.float32)
    rows = Batch(x, network.judge(x), where, "inf", judge, log_odds, observed)
    ascent = Counting(network.logits, where, "inf", X.dtype)
    own = ascent if ATTACKS[name].follows_own_gradient else None
    plan = Plan([name], SIZES, seed=0, steps=steps, queries=60, categories=categories)
    attacked = attack(rows, own, plan, batch_size=ROWS, surrogates={name: ascent})
    points = 16 if name == "smoothed" else 1  # that one's gradient is a mean over so many points
    per_row = (taken["rows"] + points * GRADIENT_COST * ascent.gradients) / ROWS
    unflipped = 1 - attacked.outcomes[-1].flipped.mean()
    assert unflipped > 0.5
    assert evaluations(plan) * unflipped / 4 <= per_row <= evaluations(plan) * 1.05
