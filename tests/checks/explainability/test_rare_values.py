"""What draws lack, by brute force; and shares of rare features, of which all draws are simulated."""

from __future__ import annotations

import numpy as np
import pytest

from audit.attribution import Attributions
from audit.attribution.permutation_shapley import ReferenceInfluence
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.metrics import importance, largest_share
from audit.checks.explainability.rare_values import find_rare_values
from audit.inputs.features import Column
from audit.result import Measurement
from audit.stats import interval
from audit.stats.group_estimates import Partition

from ...stats.known import known_interval


def test_brute_force() -> None:
    rng = np.random.default_rng(0)
    data = np.column_stack([rng.random(400) < 0.01, rng.integers(0, 20, 400), rng.normal(size=400)]).astype(
        float
    )
    background = np.column_stack([rng.random(300) < 0.01, rng.integers(0, 15, 300), rng.normal(size=300)])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows, references = rng.choice(400, 50, replace=False), rng.choice(300, 10, replace=False)
        found = find_rare_values(data, background, rows, references, 3)
        for feature in range(2):
            seen = set(background[references, feature])
            expected = [v not in seen and v in background[:, feature] for v in data[rows, feature]]
            assert found.unrepresented[:, feature].tolist() == expected
            values = list(data[:, feature])
            often = {v for v in values if values.count(v) / 400 >= 1 / 50}
            assert found.unseen[feature] == bool(often - seen - set(data[rows, feature]))
        assert not found.unrepresented[:, 2].any() and not found.unseen[2]  # continuous


def test_features_of_several_numbers_have_no_rare_values() -> None:
    found = find_rare_values(np.zeros((40, 6)), np.ones((40, 6)), np.arange(9), np.arange(3), 2)
    assert found.unrepresented.shape == (9, 2) and not found.unrepresented.any() and not found.unseen.any()


SLOPES = np.array([4.0, 1.0, 0.5])


def explained(data: np.ndarray, rows: np.ndarray, references: np.ndarray) -> Explanation:
    """SHAP values of ``SLOPES @ x`` in closed form: slope times distance from each reference."""
    parts = SLOPES * (data[rows][:, None] - data[references])
    influence = ReferenceInfluence(len(references), 3)
    influence.add(parts)
    values = parts.mean(1)
    attributions = Attributions(
        values,
        np.zeros_like(values),
        influence.by_reference,
        np.zeros(len(rows)),
        values.sum(1),
        rows * 0,
        0,
        "exact",
    )
    return Explanation(
        [Column(f"x{place}", None) for place in range(3)], rows, data[rows], data[references], attributions,
        None, Partition(rows * 0, 1, None, None), find_rare_values(data, data, rows, references, 3),  # type: ignore[arg-type]
    )  # fmt: skip


def share(explanation: Explanation, feature: str = "x0") -> Measurement:
    return next(
        m for m in importance(explanation)
        if m.metric.endswith("attribution_share") and m.where["feature"] == feature
    )  # fmt: skip


def table(rng: np.random.Generator, share_of_ones: float, rows: int) -> np.ndarray:
    return np.column_stack([rng.random(rows) < share_of_ones, rng.normal(size=(rows, 2))])


def test_what_references_lack_is_added_to_the_upper_limit_alone() -> None:
    """Against all rows as references, the mean of a binary feature is 2 p (1 - p) times its slope."""
    data = table(np.random.default_rng(1), 0.0, 2000)
    data[:20, 0] = 1.0
    rows, without = np.arange(0, 2000, 2), np.arange(1000, 1100)
    explanation = explained(data, rows, without)
    assert explanation.mean(explanation.magnitudes[:, 0]) == pytest.approx(4 * 0.01)
    assert explanation.mean(explanation.completed_magnitudes[:, 0]) == pytest.approx(4 * 2 * 0.01)
    lacking = share(explanation)
    assert lacking.counts["values"][0] == pytest.approx(lacking.value)
    truth = 4 * 2 * 0.01 * 0.99 / (4 * 2 * 0.01 * 0.99 + 1.5 * np.sqrt(2 / np.pi))
    assert lacking.counts["values"][1] == pytest.approx(truth, rel=0.1)
    other = share(explanation, "x1")  # its lower limit knows that the total lacks something
    assert other.counts["values"][0] < other.value == pytest.approx(other.counts["values"][1])
    represented = share(explained(data, rows, np.arange(19, 119)))
    assert represented.counts["values"][0] == pytest.approx(represented.counts["values"][1])


def test_a_share_of_values_that_no_draw_has_is_open_above() -> None:
    data = table(np.random.default_rng(2), 0.0, 2000)
    data[:20, 0] = 1.0
    explanation = explained(data, np.arange(500, 1000), np.arange(1000, 1100))
    measurement = share(explanation)
    assert measurement.value == 0.0 and measurement.ci is None
    assert known_interval(share(explanation, "x1"), 0.95)[1] < 1.0


@pytest.mark.parametrize("share_of_ones", [0.004, 0.02])
def test_shares_of_a_rare_feature_are_covered(share_of_ones: float) -> None:
    rng = np.random.default_rng(3)
    mean = SLOPES[0] * 2 * share_of_ones * (1 - share_of_ones)
    truth = mean / (mean + 1.5 * np.sqrt(2 / np.pi))
    passes = 0
    misses = 0
    for _ in range(200):
        explanation = explained(table(rng, share_of_ones, 2000), np.arange(1000), np.arange(1900, 2000))
        low, high = interval(share(explanation), 0.95) or (0.0, 1.0)  # none where neither draw has a one
        passes += high < truth
        misses += not low <= truth <= high
        largest = interval(largest_share(importance(explanation)), 0.95)
        assert largest is None or largest[1] >= high * (1 - 1e-9)
    assert passes / 200 <= 0.03 and misses / 200 <= 0.065
