"""The candidates repeat, keep to their signature, and differ in the weights of the rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.demo.candidates import reweighing, train_candidate
from audit.demo.loans import make_loans
from audit.model.framework import tensorflow

FEATURES = ["income", "debt_ratio", "employment_years", "savings", "age", "district_score", "bureau_rate"]


def scores(directory: Path, table: pd.DataFrame) -> np.ndarray:
    tf = tensorflow()
    loaded = tf.saved_model.load(str(directory))
    columns = {name: tf.constant(table[[name]].to_numpy("float32")) for name in FEATURES}
    (output,) = loaded.signatures["serving_default"](**columns).values()
    return np.asarray(output)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("candidates")
    for name, reweighed in {"plain": False, "again": False, "reweighed": True}.items():
        train_candidate(make_loans(4000, 0), folder / name, reweighed=reweighed, seed=0)
    return folder


def test_weights_make_sex_and_approval_independent() -> None:
    train = make_loans(4000, 0)
    weights = pd.Series(reweighing(train))
    joint = weights.groupby([train["sex"], train["approved"]]).sum() / len(train)
    for (sex, approved), share in joint.items():
        product = (train["sex"] == sex).mean() * (train["approved"] == approved).mean()
        assert share == pytest.approx(product, abs=1e-12)
    assert weights.groupby([train["sex"], train["approved"]]).nunique().eq(1).all()


def test_weights_do_not_depend_on_the_index() -> None:
    train = make_loans(1000, 0)
    shuffled = train.sample(frac=1, random_state=0)
    assert (reweighing(shuffled) == reweighing(train)[shuffled.index]).all()


def test_signature_is_one_float_column_a_feature(trained: Path) -> None:
    tf = tensorflow()
    _, inputs = (
        tf.saved_model.load(str(trained / "plain")).signatures["serving_default"].structured_input_signature
    )
    assert {name: (spec.shape.as_list(), spec.dtype) for name, spec in inputs.items()} == {
        name: ([None, 1], tf.float32) for name in FEATURES
    }


def test_scores_are_probabilities_and_training_repeats(trained: Path) -> None:
    test = make_loans(1000, 1)
    plain = scores(trained / "plain", test)
    assert plain.shape == (1000, 1) and plain.min() >= 0 and plain.max() <= 1
    assert (scores(trained / "again", test) == plain).all()


def test_bias_comes_in_through_the_proxy_and_reweighing_counters_it(trained: Path) -> None:
    """Two districts for the same applicants: all else equal, the score of the first candidate falls."""
    test = make_loans(2000, 1)
    falls = {
        name: float(np.mean(scores(trained / name, test.assign(district_score=60.0)) >= 0.5))
        - float(np.mean(scores(trained / name, test.assign(district_score=36.0)) >= 0.5))
        for name in ("plain", "reweighed")
    }
    assert falls["plain"] > 0.2
    assert abs(falls["reweighed"]) < 0.1
