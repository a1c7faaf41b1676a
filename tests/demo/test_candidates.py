"""The candidates repeat, keep to their signature, and each way of training takes away the fault it is meant for."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.demo.candidates import Recipe, reweighing, train_candidate
from audit.demo.loans import make_loans
from audit.demo.prepare import TRAIN_ROWS
from audit.frameworks.tensorflow_loader import tensorflow

FEATURES = ["income", "debt_ratio", "employment_years", "savings", "age", "district_score", "bureau_rate"]
RECIPES = {
    "plain": Recipe(reweighed=False, hardened=False),
    "reweighed": Recipe(reweighed=True, hardened=False),
    "both": Recipe(reweighed=True, hardened=True),
    "again": Recipe(reweighed=True, hardened=True),
}


@cache
def loaded(directory: Path) -> Any:
    return tensorflow().saved_model.load(str(directory))


def scores(directory: Path, table: pd.DataFrame) -> np.ndarray:
    columns = {name: tensorflow().constant(table[[name]].to_numpy("float32")) for name in FEATURES}
    (output,) = loaded(directory).signatures["serving_default"](**columns).values()
    return np.asarray(output)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("candidates")
    for name, recipe in RECIPES.items():
        train_candidate(make_loans(TRAIN_ROWS, 0), folder / name, recipe, seed=0)
    return folder


def test_weights_make_sex_and_approval_independent() -> None:
    train = make_loans(4000, 0)
    weights = pd.Series(reweighing(train))
    joint = weights.groupby([train["sex"], train["approved"]]).sum() / len(train)
    for pair, share in joint.items():
        assert isinstance(pair, tuple)
        sex, approved = pair
        product = (train["sex"] == sex).mean() * (train["approved"] == approved).mean()
        assert share == pytest.approx(product, abs=1e-12)
    assert weights.groupby([train["sex"], train["approved"]]).nunique().eq(1).all()


def test_weights_do_not_depend_on_the_index() -> None:
    train = make_loans(1000, 0)
    shuffled = train.sample(frac=1, random_state=0)
    assert (reweighing(shuffled) == reweighing(train)[shuffled.index]).all()


@pytest.mark.parametrize("name", ["plain", "both"])
def test_signature_is_one_float_column_a_feature(trained: Path, name: str) -> None:
    tf = tensorflow()
    _, inputs = loaded(trained / name).signatures["serving_default"].structured_input_signature
    assert {name: (spec.shape.as_list(), spec.dtype) for name, spec in inputs.items()} == {
        name: ([None, 1], tf.float32) for name in FEATURES
    }


def test_scores_are_probabilities_and_training_repeats(trained: Path) -> None:
    test = make_loans(1000, 1)
    both = scores(trained / "both", test)
    assert both.shape == (1000, 1) and both.min() >= 0 and both.max() <= 1
    assert (scores(trained / "again", test) == both).all()


def test_bias_comes_in_through_the_proxy_and_reweighing_counters_it(trained: Path) -> None:
    """Two districts for the same applicants: all else equal, the score of the first candidate falls."""
    test = make_loans(2000, 1)
    falls = {
        name: float(np.mean(scores(trained / name, test.assign(district_score=60.0)) >= 0.5))
        - float(np.mean(scores(trained / name, test.assign(district_score=36.0)) >= 0.5))
        for name in ("plain", "reweighed", "both")
    }
    assert falls["plain"] > 0.2
    assert abs(falls["reweighed"]) < 0.1 and abs(falls["both"]) < 0.1


def test_decisions_rest_on_the_fragile_feature_until_fgsm_examples_counter_it(trained: Path) -> None:
    """A tenth of a standard deviation more and less of one column; reweighing alone changes nothing in that."""
    test = make_loans(2000, 1)
    tenth = 0.1 * make_loans(TRAIN_ROWS, 0)[FEATURES].std()

    def changed(name: str, feature: str) -> float:
        low, high = (
            scores(trained / name, test.assign(**{feature: test[feature] + side * tenth[feature]})) >= 0.5
            for side in (-1, 1)
        )
        return float(np.mean(low != high))

    for name in ("plain", "reweighed"):
        assert changed(name, "bureau_rate") > 0.4
        assert max(changed(name, feature) for feature in FEATURES[:-1]) < 0.1
    assert max(changed("both", feature) for feature in FEATURES) < 0.1
