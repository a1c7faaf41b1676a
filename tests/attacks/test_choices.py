"""Choices move as a whole: against all categories and whole steps, one by one, with and without a gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.attacks import ATTACKS, Plan
from audit.attacks.batch import Batch
from audit.attacks.choices import nearest_choices
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.minimal_perturbation import flip_share_by_column, shrink
from audit.attacks.outcomes import AttackOutcomes
from audit.attacks.projection import Ball, is_one_hot
from audit.attacks.run import attack
from audit.attacks.threat_model import Norm, ThreatModel

from .kit import Network, space

NUMBERS, WHOLE = [0, 1], [2]
CHOICES = (np.array([3, 4, 5]), np.array([6, 7]))
COLUMNS = 8


def where(**given: Any) -> ThreatModel:
    """Return a space of two numbers, a scale from 0 to 4 and two choices."""
    movable = np.arange(COLUMNS) < 3
    plain = space(COLUMNS, scale=[0.5, 2, 5, *[1.0] * 5], low=-4, high=4, movable=movable, **given)
    integer, low = np.arange(COLUMNS) == 2, np.where(np.arange(COLUMNS) == 2, 0.0, plain.low)
    return replace(plain, integer=integer, low=low, choices=CHOICES)


def rows(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(-3, 3, (count, 2))
    parts = [numbers, rng.integers(0, 5, (count, 1)), np.eye(3)[rng.integers(0, 3, count)]]
    return np.concatenate([*parts, np.eye(2)[rng.integers(0, 2, count)]], axis=1).astype(np.float32)


def log_odds(network: Network) -> Any:
    return lambda x: (network.margins(x), network.judge(x))


def batch_of(network: Network, x: np.ndarray, threat_model: ThreatModel, norm: Norm = "inf") -> Batch:
    observed = rows(50, 9)
    return Batch(x, network.judge(x), threat_model, norm, network.judge, log_odds(network), observed)


def attacked(network: Network, batch: Batch, names: list[str], eps: list[float]) -> AttackOutcomes:
    ascent = GradientAscent(network.logits, batch.threat_model, batch.norm, batch.x.dtype)
    plan = Plan(names, eps, seed=0, queries=100)
    surrogates = {name: ascent for name in names if ATTACKS[name].follows == "gradient"}
    return attack(batch, ascent, plan, batch_size=64, surrogates=surrogates)


def corners(x: np.ndarray, threat_model: ThreatModel, eps: float) -> Iterator[np.ndarray]:
    """Yield every corner of the numbers' box with every whole step and every choice: what a linear model needs."""
    radius = eps * threat_model.scale
    ends = [
        (
            max(min(threat_model.low[c], x[c]), x[c] - radius[c]),
            min(max(threat_model.high[c], x[c]), x[c] + radius[c]),
        )
        for c in NUMBERS
    ]
    steps = [n for n in range(5) if abs(n - x[2]) <= radius[2]]
    for numbers, whole, *categories in product(product(*ends), steps, *(range(len(c)) for c in CHOICES)):
        moved = x.astype(np.float64)
        moved[NUMBERS], moved[2] = numbers, whole
        for choice, category in zip(CHOICES, categories, strict=True):
            moved[choice] = np.arange(len(choice)) == category
        yield moved


@pytest.mark.parametrize("eps", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_on_a_linear_model_every_flip_that_there_is_is_found(name: str, eps: float) -> None:
    network = Network(COLUMNS, hidden=0, seed=5)
    x, threat_model = rows(150), where()
    (outcome,) = attacked(network, batch_of(network, x, threat_model), [name], [eps]).outcomes
    classes = network.judge(x)
    can_flip = np.array(
        [
            any(network.judge(corner[None])[0] != decided for corner in corners(row, threat_model, eps))
            for row, decided in zip(x, classes, strict=True)
        ]
    )
    assert 0.2 < can_flip.mean() < 1
    missed = can_flip & ~outcome.flipped
    assert (
        not (outcome.flipped & ~can_flip).any() and missed.sum() <= 1
    )  # a corner lies a float inside its box


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_no_attack_returns_what_no_row_could_be(norm: Norm) -> None:
    network = Network(COLUMNS, hidden=6, seed=2)
    x, threat_model = rows(80), where()
    batch = batch_of(network, x, threat_model, norm)
    names = list(ATTACKS)
    found = attacked(network, batch, names, [0.0, 0.2, 0.9])
    for outcome in found.outcomes:
        index, adversarial = outcome.examples()
        assert outcome.flipped.any() == (outcome.eps > 0), outcome.attack
        assert (network.judge(adversarial) != network.judge(x[index])).all()
        assert all(is_one_hot(adversarial[:, choice]) for choice in CHOICES)
        assert set(np.unique(adversarial[:, 2])) <= {0, 1, 2, 3, 4}
        away = (np.abs(adversarial.astype(np.float64) - x[index]) / threat_model.scale)[:, :3]
        size = away.max(1) if norm == "inf" else np.linalg.norm(away, axis=1)
        assert (size <= outcome.eps * (1 + 1e-6)).all()
    small = found.outcomes[1 + 3 * names.index("fgsm")]
    assert (small.adversarial[:, 3:] != x[:, 3:]).any()


def test_most_flips_of_a_network_are_found() -> None:
    """Against every category with whole steps and the corners of the numbers, on eight networks."""
    found = total = 0
    for seed in range(8):
        network = Network(COLUMNS, hidden=6, seed=seed)
        x, threat_model = rows(60), where()
        names = ["fgsm", "pgd"]
        outcomes = attacked(network, batch_of(network, x, threat_model), names, [0.3]).outcomes
        flipped = np.logical_or.reduce([outcome.flipped for outcome in outcomes])
        for row, is_flipped in zip(x, flipped, strict=True):
            points = np.stack(list(corners(row, threat_model, 0.3)))
            can_flip = (network.judge(points) != network.judge(row[None])[0]).any()
            found, total = found + bool(can_flip and is_flipped), total + bool(can_flip)
            if is_flipped and not can_flip:
                total += 1  # inside the box, which corners alone miss
                found += 1
    assert found / total > 0.97 and total > 200


def test_choices_alone_are_attacked_where_no_number_moves() -> None:
    network = Network(COLUMNS, hidden=0, seed=5)
    x = rows(100)
    still = replace(where(), movable=np.zeros(COLUMNS, bool), scale=np.ones(COLUMNS))
    batch = batch_of(network, x, still)
    found = attacked(network, batch, ["noise", "fgsm", "square", "decisions"], [0.1])
    best = np.array(
        [
            any(
                network.judge(corner[None])[0] != network.judge(row[None])[0]
                for corner in corners(row, still, 0.0)
            )
            for row in x
        ]
    )
    noise, *searches = (outcome.flipped for outcome in found.outcomes)
    assert best.any() and not best.all()
    for flipped in searches:
        np.testing.assert_array_equal(flipped, best)
    assert noise.any() and not (noise & ~best).any() and noise.sum() < best.sum()


@pytest.mark.parametrize("guide", [0.0, 1.0], ids=["no scores", "labels as scores"])
def test_scores_that_say_nothing_still_find_one_category(guide: float) -> None:
    network = Network(COLUMNS, hidden=0, seed=5)
    x = rows(100)

    def bare(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return guide * np.eye(2)[network.judge(z)], network.judge(z)

    batch = replace(batch_of(network, x, where()), log_odds=bare)
    flipped = batch.flips(nearest_choices(batch, x))
    one_choice = np.zeros(len(x), bool)
    for choice in CHOICES:
        for category in choice:
            moved = x.copy()
            moved[:, choice] = choice == category
            one_choice |= batch.flips(moved)
    assert one_choice.any() and flipped[one_choice].all()


@given(st.integers(0, 2**32), st.sampled_from(["inf", "2"]), st.sampled_from([0.0, 0.3, 0.9, 2.0]))
@settings(max_examples=100)
def test_what_is_placed_keeps_its_choices_and_whole_steps(seed: int, norm: Norm, eps: float) -> None:
    rng = np.random.default_rng(seed)
    x = rows(6, seed)
    eta = rng.normal(size=x.shape) * 10.0 ** rng.uniform(-3, 2)
    moved = Ball(where(), norm, eps).place(x, eta)
    assert moved[:, 3:].tobytes() == x[:, 3:].tobytes()
    assert (moved[:, 2] == np.rint(moved[:, 2])).all() and ((moved[:, 2] >= 0) & (moved[:, 2] <= 4)).all()
    assert (np.abs(moved[:, 2] - x[:, 2]) <= eps * 5 * (1 + 1e-6)).all()


@pytest.mark.parametrize("group", [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, -1, 0], [np.nan, 1, 0]])
def test_a_row_with_no_single_choice_is_an_error(group: list[float]) -> None:
    x = rows(1)
    ball, moved = Ball(where(), "inf", 1.0), x.copy()
    moved[0, CHOICES[0]] = np.roll(moved[0, CHOICES[0]], 1)
    ball.verify(x, moved)
    moved[0, CHOICES[0]] = group
    with pytest.raises(RuntimeError, match="not one choice"):
        ball.verify(x, moved)


def test_small_changes_keep_only_the_choices_they_need() -> None:
    network = Network(COLUMNS, hidden=6, seed=2)
    batch = batch_of(network, rows(120), where())
    (outcome,) = attacked(network, batch, ["pgd"], [0.3]).outcomes
    index, adversarial = outcome.examples()
    flipped = batch.take(index)
    smallest = shrink(flipped, adversarial)
    assert flipped.flips(smallest).all()
    assert all(is_one_hot(smallest[:, choice]) for choice in CHOICES)
    assert (smallest[:, 2] == np.rint(smallest[:, 2])).all()
    switched = (smallest[:, 3:] != flipped.x[:, 3:]).any(1)
    assert 0 < switched.mean() < 1
    for choice in CHOICES:  # none that was kept can be restored alone
        restored = smallest.copy()
        restored[:, choice] = flipped.x[:, choice]
        kept = (smallest[:, choice] != flipped.x[:, choice]).any(1)
        assert not flipped.flips(restored)[kept].any() or kept.sum() == 0


def test_a_choice_flips_rows_as_a_whole() -> None:
    network = Network(COLUMNS, hidden=0, seed=5)
    batch = batch_of(network, rows(120), where())
    (outcome,) = attacked(network, batch, ["fgsm"], [0.3]).outcomes
    index, adversarial = outcome.examples()
    shares = flip_share_by_column(batch.take(index), adversarial)
    for choice in CHOICES:
        moved = batch.x[index].copy()
        moved[:, choice] = adversarial[:, choice]
        share = batch.take(index).flips(moved).mean()
        np.testing.assert_array_equal(shares[choice], share)
    assert shares[3] > 0


def test_columns_of_a_choice_are_never_restored_one_by_one() -> None:
    """Choices before the numbers: of a row with few changes, theirs are the next columns in order."""
    order = [3, 4, 5, 6, 7, 0, 1, 2]
    plain = where()
    names = ("scale", "low", "high", "movable", "integer")
    moved = {name: getattr(plain, name)[order] for name in names}
    threat_model = replace(plain, **moved, choices=(np.array([0, 1, 2]), np.array([3, 4])))
    switched = 0
    for seed in range(4):
        network = Network(COLUMNS, hidden=6, seed=seed)
        batch = batch_of(network, rows(120)[:, order], threat_model)
        batch = replace(batch, observed=None)
        (outcome,) = attacked(network, batch, ["pgd"], [0.3]).outcomes
        index, adversarial = outcome.examples()
        smallest = shrink(batch.take(index), adversarial)
        assert all(is_one_hot(smallest[:, choice]) for choice in threat_model.choices)
        switched += int((smallest[:, :5] != batch.x[index, :5]).any(1).sum())
    assert switched > 20
