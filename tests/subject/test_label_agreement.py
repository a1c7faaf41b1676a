"""Whether data bear out an order of classes: by brute force over all orders, by chance, and on bad models."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from audit.subject.label_agreement import Agreement


def scored(
    classes: int, rows: int, skill: float, seed: int, shares: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, and the probabilities of a model whose logit of the true class is raised by ``skill``."""
    rng = np.random.default_rng(seed)
    code = rng.choice(classes, rows, p=shares)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), code] += skill
    return code.astype(np.int32), softmax(logits, 1)


def agreement(code: np.ndarray, probabilities: np.ndarray, batches: int = 3) -> Agreement:
    found = Agreement(probabilities.shape[1])
    for part in np.array_split(np.arange(len(code)), batches):
        found.add(code[part], probabilities[part])
    return found


def shuffled(probabilities: np.ndarray, order: list[int]) -> np.ndarray:
    """Return outputs of a model that scores label ``a`` in the column ``order[a]``."""
    columns = np.empty_like(probabilities)
    columns[:, order] = probabilities
    return columns


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_every_order_is_found_again(classes: int) -> None:
    code, probabilities = scored(classes, 400, 2.0, classes)
    for order in permutations(range(classes)):
        found = agreement(code, shuffled(probabilities, list(order))).better()
        expected = None if list(order) == list(range(classes)) else list(order)
        assert (None if found is None else list(found)) == expected


def test_two_swapped_classes_of_a_hundred_are_seen() -> None:
    code, probabilities = scored(100, 4000, 4.0, 0)
    order = list(range(100))
    order[17], order[60] = 60, 17
    found = agreement(code, shuffled(probabilities, order)).better()
    assert found is not None and list(found) == order
    assert agreement(code, probabilities).better() is None


def test_accuracy_is_that_of_the_largest_probability() -> None:
    code, probabilities = scored(3, 500, 1.0, 1)
    found = agreement(code, probabilities)
    assert found.accuracy(np.arange(3)) == (probabilities.argmax(1) == code).mean()
    order = np.array([2, 0, 1])
    assert found.accuracy(order) == (probabilities.argmax(1) == order[code]).mean()


@pytest.mark.parametrize("classes", [2, 3, 10, 50])
@pytest.mark.parametrize("rows", [60, 200, 2000])
def test_a_model_that_knows_nothing_is_not_asked_about(classes: int, rows: int) -> None:
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    for seed in range(20):
        code, probabilities = scored(classes, rows, 0.0, seed, shares)
        code[:classes] = np.arange(classes)  # every class has a row
        assert agreement(code, probabilities).better() is None


@settings(max_examples=60)
@given(st.integers(2, 6), st.floats(0.7, 4), st.integers(0, 2**32 - 1), st.integers(100, 1000))
def test_a_model_that_knows_something_is_not_asked_about(
    classes: int, skill: float, seed: int, rows: int
) -> None:
    code, probabilities = scored(classes, rows, skill, seed)
    code[:classes] = np.arange(classes)
    assert agreement(code, probabilities).better() is None


def test_a_strict_model_of_a_rare_event_is_not_asked_about() -> None:
    """It flags half of the rows where one in twenty has the label: right in fewer than half of the rows."""
    rng = np.random.default_rng(3)
    code = (rng.random(4000) < 0.05).astype(np.int32)
    score = np.clip(rng.normal(0.55 + 0.2 * code, 0.1), 0, 1)
    found = agreement(code, np.stack([1 - score, score], 1))
    assert found.accuracy(np.arange(2)) < 0.4
    assert found.better() is None


def test_scores_on_one_side_of_a_half_tell_the_order_of_a_rare_event() -> None:
    """No row is decided for the rare label, but its rows score higher: read the other way round, they score lower."""
    rng = np.random.default_rng(4)
    rare = (rng.random(4000) < 0.05).astype(np.int32)
    score = np.clip(rng.normal(0.1 + 0.1 * rare, 0.05), 0, 0.45)
    straight = np.stack([1 - score, score], 1)
    assert agreement(rare, straight).better() is None
    found = agreement(rare, straight[:, ::-1]).better()
    assert found is not None and list(found) == [1, 0]


def test_one_class_for_all_rows_is_asked_about_where_the_other_is_right() -> None:
    """Scores that hang on nothing say nothing of the order; that nearly all of them are wrong does."""
    code = (np.arange(200) % 10 == 0).astype(np.int32)
    constant = np.tile([0.2, 0.8], (200, 1))
    found = agreement(code, constant).better()
    assert found is not None and list(found) == [1, 0]
    assert agreement(code, constant[:, ::-1]).better() is None


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_a_few_rows_tell_nothing(rows: int) -> None:
    code = np.arange(rows, dtype=np.int32) % 2
    wrong = np.eye(2)[1 - code]
    assert agreement(code, wrong).better() is None
    many = np.arange(40, dtype=np.int32) % 2
    assert agreement(many, np.eye(2)[1 - many]).better() is not None


@pytest.mark.filterwarnings("error")
@given(seed=st.integers(0, 2**32 - 1), absent=st.integers(1, 4))
def test_labels_without_rows_prefer_no_other_order(seed: int, absent: int) -> None:
    """A model may have classes that the audited rows lack: what is known of the others decides."""
    shares = np.array([0.0] * absent + [1 / (6 - absent)] * (6 - absent))
    code, probabilities = scored(6, 600, 3.0, seed, shares)
    assert agreement(code, probabilities).better() is None
    swapped = [*range(4), 5, 4]
    order = agreement(code, shuffled(probabilities, swapped)).better()
    assert order is not None and order[4:].tolist() == [5, 4]
