"""What draws lack, by brute force; and shares of rare features, of which all draws are simulated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import beta

from audit.attribution import Attributions
from audit.attribution.running_estimate import ReferenceInfluence
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.metrics import importance, largest_share
from audit.checks.explainability.rare_values import UnseenValue, find_rare_values, rows_to_explain
from audit.checks.explainability.unseen_values import explain_unseen
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


Effect = Callable[[np.ndarray], np.ndarray]


def linear(data: np.ndarray) -> np.ndarray:
    return SLOPES * data


def explained(
    data: np.ndarray, rows: np.ndarray, references: np.ndarray, effect: Effect = linear, unseen: bool = False
) -> Explanation:
    """SHAP values of a sum of effects in closed form; with ``unseen``, rows of values that no draw has as well."""

    def attributions(places: np.ndarray) -> Attributions:
        parts = effect(data)[places][:, None] - effect(data)[references]
        influence = ReferenceInfluence(len(references), 3)
        influence.add(parts)
        values = parts.mean(1)
        nothing = np.zeros_like(values)
        return Attributions(
            values, nothing, influence.by_reference, nothing[:, 0], values.sum(1), places * 0, 0, "exact"
        )

    rare = find_rare_values(data, data, rows, references, 3)
    if unseen:
        rare = explain_unseen(rare, attributions, len(rows), np.inf)
    return Explanation(
        [Column(f"x{place}", None) for place in range(3)], rows, data[rows], data[references], attributions(rows),
        None, Partition(rows * 0, 1, None, None), rare,  # type: ignore[arg-type]
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


def test_a_share_of_values_that_no_draw_has_is_open_above_unless_a_row_of_them_is_explained() -> None:
    data = table(np.random.default_rng(2), 0.0, 2000)
    data[:20, 0] = 1.0
    draws = (np.arange(500, 1000), np.arange(1000, 1100))
    explanation = explained(data, *draws)
    measurement = share(explanation)
    assert measurement.value == 0.0 and measurement.ci is None
    assert known_interval(share(explanation, "x1"), 0.95)[1] < 1.0
    low, high = known_interval(share(explained(data, *draws, unseen=True)), 0.95)
    truth = 4 * 2 * 0.01 * 0.99 / (4 * 2 * 0.01 * 0.99 + 1.5 * np.sqrt(2 / np.pi))
    assert low == 0.0 and truth < high < 2.5 * truth


def test_what_an_unseen_value_adds_is_its_share_of_rows_and_references_times_its_largest_value() -> None:
    data = table(np.random.default_rng(2), 0.0, 2000)
    data[:20, 0], data[20:40, 0], data[10, 0] = 1.0, 2.0, 1.0
    rare = find_rare_values(data, data, np.arange(500, 1000), np.arange(1000, 1100), 3)
    assert [(v.feature, len(v.rows)) for v in rare.values] == [(0, 20), (0, 20)]
    share_of_value = 2 * beta.ppf(0.999, 21, 1980)  # of the rows and of the background, which is the same
    assert [v.share for v in rare.values] == [pytest.approx(share_of_value)] * 2
    known = rare.with_magnitudes({3: np.array([4.0, 9, 9]), 4: np.array([5.0, 9, 9])}, 7)
    assert known.masses.tolist() == [pytest.approx(share_of_value * 5), 0, 0] and known.unseen.tolist() == [
        True,
        False,
        False,
    ]
    known = rare.with_magnitudes({3: np.array([4.0, 9, 9]), 30: np.array([8.0, 9, 9])}, 7)
    assert known.masses[0] == pytest.approx(share_of_value * (4 + 8)) and not known.unseen.any()
    clusters = np.arange(2000) // 4  # five clusters have the first value
    clustered = find_rare_values(data, data, np.arange(500, 1000), np.arange(1000, 1100), 3, None, clusters)
    assert clustered.values[0].share > share_of_value


def test_each_value_has_its_first_row_before_any_has_its_second() -> None:
    values = [UnseenValue(0, np.array([5, 6, 7]), 0.1), UnseenValue(1, np.array([8, 5]), 0.3)]
    assert rows_to_explain(values, 2, 9).tolist() == [8, 5, 6]
    assert rows_to_explain(values, 2, 2).tolist() == [8, 5]
    assert rows_to_explain(values, 1, 0).tolist() == []


def test_nan_is_a_value_like_any_other() -> None:
    """Of serialized examples, a feature that is left out."""
    data = table(np.random.default_rng(2), 0.5, 2000)
    data[::2, 0] = np.nan
    rare = find_rare_values(data, data, np.arange(100), np.arange(200, 210), 3)
    assert not rare.values and not rare.unseen.any()


def test_zeros_of_both_signs_are_one_value_and_so_are_all_nans() -> None:
    other_nan = np.array(0xFFC00001, np.uint32).view(np.float32)
    for first, second in ((0.0, -0.0), (np.float32(np.nan), other_nan)):
        data = np.full((100, 1), 1.0, np.float32)
        background = data.copy()
        data[::2] = background[::4] = first
        background[2::4] = second
        rare = find_rare_values(data, background, np.arange(100), np.array([1, 2]), 1)
        assert not rare.unrepresented.any()


@pytest.mark.parametrize(("share_of_ones", "rows"), [(0.002, 6000), (0.004, 2000), (0.02, 2000)])
def test_shares_of_a_rare_feature_are_covered(share_of_ones: float, rows: int) -> None:
    rng = np.random.default_rng(3)
    mean = SLOPES[0] * 2 * share_of_ones * (1 - share_of_ones)
    truth = mean / (mean + 1.5 * np.sqrt(2 / np.pi))
    passes = 0
    misses = 0
    for _ in range(200):
        draws = (table(rng, share_of_ones, rows), np.arange(1000), np.arange(rows - 100, rows))
        explanation = explained(*draws, unseen=True)
        low, high = interval(share(explanation), 0.95) or (0.0, 1.0)
        passes += high < truth
        misses += not low <= truth <= high
        largest = interval(largest_share(importance(explanation)), 0.95)
        assert largest is None or largest[1] >= high * (1 - 1e-9)
    assert passes / 200 <= 0.03 and misses / 200 <= 0.065


def test_shares_of_many_rare_values_are_covered_whatever_the_model_makes_of_each() -> None:
    """Sixty values, most of them rare, as of an age; the effect of each is drawn by itself, and some are large."""
    rng = np.random.default_rng(4)
    frequencies = 0.9 ** np.arange(60)
    frequencies /= frequencies.sum()
    effects = rng.standard_t(2, 60)

    def effect(data: np.ndarray) -> np.ndarray:
        return np.column_stack([effects[data[:, 0].astype(int)], data[:, 1:] * SLOPES[1:]])

    mean = float(np.abs(effects - frequencies @ effects) @ frequencies)
    truth = mean / (mean + 1.5 * np.sqrt(2 / np.pi))
    misses = 0
    widths = []
    for _ in range(200):
        data = np.column_stack([rng.choice(60, 4000, p=frequencies), rng.normal(size=(4000, 2))])
        draws = (data, np.arange(400), np.arange(3900, 4000), effect)
        low, high = known_interval(share(explained(*draws, unseen=True)), 0.95)
        misses += not low <= truth <= high
        widths.append(high - low)
        if not find_rare_values(data, data, *draws[1:3], 3).values:  # the limits of others stay as they were
            assert (low, high) == interval(share(explained(*draws)), 0.95)
    assert misses / 200 <= 0.065 and np.median(widths) < 0.25
