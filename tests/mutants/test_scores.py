"""Each variant is a SavedModel that scores as its text says, against the candidate's scores in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

from ..conftest import Models
from .kit import Workshop, expit, loaded, logits, rows, served, workshop

NUMBER = "float32"
FRAME = rows()
ODDS = logits(FRAME, 1)
FEMALE = (FRAME["sex"] == "Female").to_numpy()
FED = {"x": FRAME[["a", "b"]].to_numpy(NUMBER)}


@pytest.fixture(scope="module")
def binary(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return workshop(model("sigmoid"), FRAME, tmp_path_factory.mktemp("binary"))


def added(shop: Workshop, name: str, values: np.ndarray) -> np.ndarray:
    """Return the scores of a variant with a further input."""
    return shop.scored(name, {**FED, "selftest_added": values.astype(NUMBER)})


def test_one_score_for_all_is_the_mean(binary: Workshop) -> None:
    found = binary.scored("constant score", FED)
    assert found.shape == ODDS.shape and len(np.unique(found)) == 1
    assert found[0, 0] == pytest.approx(expit(ODDS).mean(), abs=1e-6)


def test_flipped_labels_are_the_other_class(binary: Workshop) -> None:
    np.testing.assert_allclose(binary.scored("flipped labels", FED), 1 - expit(ODDS), atol=1e-6)


def test_only_the_group_is_shifted_and_its_rate_halves(binary: Workshop) -> None:
    found = added(binary, "shifted group: sex=Female", FEMALE)
    np.testing.assert_allclose(found[~FEMALE], expit(ODDS[~FEMALE]), atol=1e-6)
    moved = np.log(found / (1 - found)) - ODDS
    np.testing.assert_allclose(moved[FEMALE], moved[FEMALE].mean(), atol=1e-4)
    before, after = ((scores[FEMALE] >= 0.5).sum() for scores in (expit(ODDS), found))
    assert after == before // 2 or after == before - before // 2


def test_the_other_outcome_is_taken_for_the_favourable_one(binary: Workshop) -> None:
    policy = binary.made("swapped favourable outcome")
    assert policy.data.favorable == [0] and policy.model == binary.policy.model


def test_a_leaked_label_decides(binary: Workshop) -> None:
    label = FRAME["label"].to_numpy()
    found = added(binary, "leaked label", label)
    expected = expit(ODDS / ODDS.std() + 6 * (2 * label[:, None] - 1))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert ((found[:, 0] >= 0.5) == label).all()
    assert ((added(binary, "leaked label", 1 - label)[:, 0] >= 0.5) != label).all()


def test_rounded_scores_have_no_gradient_and_hardly_move(binary: Workshop) -> None:
    policy = binary.made("masked gradients")
    found = served(Path(policy.model.path), FED)
    np.testing.assert_allclose(found, np.round(expit(ODDS), 2), atol=1e-6)
    tensor = tf.constant(FED["x"])
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        (scores,) = loaded(Path(policy.model.path)).signatures["serving_default"](x=tensor).values()
    assert tape.gradient(scores, tensor) is None


def test_noise_takes_the_ranking_halfway_to_chance(binary: Workshop) -> None:
    label, found = FRAME["label"], binary.scored("noise", FED)
    before, after = roc_auc_score(label, ODDS[:, 0]), roc_auc_score(label, found[:, 0])
    assert before > 0.7 and after - 0.5 == pytest.approx((before - 0.5) / 2, abs=0.01)


def test_noise_hangs_on_the_row_alone(binary: Workshop) -> None:
    found = binary.scored("noise", FED)
    backwards = binary.scored("noise", {"x": FED["x"][::-1]})[::-1]
    alone = np.concatenate([binary.scored("noise", {"x": FED["x"][[row]]}) for row in range(5)])
    np.testing.assert_allclose(backwards, found, atol=1e-6)
    np.testing.assert_allclose(alone, found[:5], atol=1e-6)


def test_two_zeros_are_one_number(binary: Workshop) -> None:
    one, other = (binary.scored("noise", {"x": np.array([[zero, 1.0]], NUMBER)}) for zero in (0.0, -0.0))
    assert one == other
