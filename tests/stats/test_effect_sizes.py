"""Effect sizes against their formulas and scipy, and their bias and coverage in simulated batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, norm

from audit.stats.effect_sizes import EffectSize, _sizes, effect_sizes

REFERENCE_ROWS = 4000
BATCHES = 300
DECILES = norm.ppf(np.arange(1, 10) / 10)
CATEGORIES = np.array([0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.02])
COUNTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=12).filter(
    lambda pairs: all(sum(side) > 0 for side in zip(*pairs, strict=True))
)


def uncorrected(batch: np.ndarray, reference: np.ndarray, ordered: bool = True) -> dict[str, float]:
    sizes = _sizes(batch[None].astype(float), reference[None].astype(float), ordered)
    return {name: float(value[0]) for name, value in sizes.items()}


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    batch, reference = np.array(pairs).T
    return batch, reference


@settings(max_examples=60)
@given(COUNTS)
def test_uncorrected_sizes_are_those_of_the_formulas_and_of_scipy(pairs: list[tuple[int, int]]) -> None:
    batch, reference = columns(pairs)
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (batch, reference))
    index = sum((a - b) * math.log(a / b) for a, b in zip(p.tolist(), q.tolist(), strict=True))
    sizes = uncorrected(batch, reference)
    assert sizes["psi"] == pytest.approx(index, abs=1e-12)
    # both distances are roots: what rounding leaves of 0 is 1e-8
    assert sizes["js"] == pytest.approx(jensenshannon(p, q, base=2), abs=1e-7)
    bins = np.arange(len(batch))
    with np.errstate(divide="ignore"):  # of the p-value of one row, which is not asked for
        expected = ks_2samp(np.repeat(bins, batch), np.repeat(bins, reference), method="asymp").statistic
    assert sizes["ks"] == pytest.approx(expected, abs=1e-12)
    shares = batch / batch.sum(), reference / reference.sum()
    in_any_set = sum(max(0.0, a - b) for a, b in zip(*(part.tolist() for part in shares), strict=True))
    assert uncorrected(batch, reference, ordered=False)["ks"] == pytest.approx(in_any_set, abs=1e-12)


@settings(max_examples=30)
@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_the_bins_matters_to_the_distance_of_numbers_alone(
    pairs: list[tuple[int, int]], random: object
) -> None:
    batch, reference = columns(pairs)
    order = np.array(random.sample(range(len(pairs)), len(pairs)))  # type: ignore[attr-defined]
    for ordered in (True, False):
        sizes, permuted = (
            uncorrected(batch, reference, ordered),
            uncorrected(batch[order], reference[order], ordered),
        )
        for name in ("psi", "js") if ordered else ("psi", "js", "ks"):
            assert permuted[name] == pytest.approx(sizes[name], abs=1e-7)


def test_the_distance_of_numbers_depends_on_the_order() -> None:
    batch, reference = np.array([50, 0, 50]), np.array([25, 50, 25])
    assert uncorrected(batch, reference)["ks"] == pytest.approx(0.25)
    assert uncorrected(batch[[0, 2, 1]], reference[[0, 2, 1]])["ks"] == pytest.approx(0.5)


def shares_after(shift: float, ordered: bool) -> np.ndarray:
    """Return the shares of deciles after a shift in standard deviations, or of tilted categories."""
    if ordered:
        return np.diff(norm.cdf(DECILES - shift), prepend=0.0, append=1.0)
    tilted = CATEGORIES * np.exp(1.5 * shift * np.linspace(-1.0, 1.0, len(CATEGORIES)))
    return np.asarray(tilted / tilted.sum())


def simulated(
    rows: int, shift: float, ordered: bool
) -> tuple[dict[str, list[EffectSize]], dict[str, float], dict[str, float]]:
    """Return the effect sizes of many batches, their mean without correction, and the true ones."""
    rng = np.random.default_rng([rows, int(100 * shift), ordered])
    sizes: dict[str, list[EffectSize]] = {}
    plain: dict[str, float] = {}
    for seed in range(BATCHES):
        batch = rng.multinomial(rows, shares_after(shift, ordered)).astype(float)
        reference = rng.multinomial(REFERENCE_ROWS, shares_after(0.0, ordered)).astype(float)
        for name, size in effect_sizes(batch, reference, ordered, seed).items():
            sizes.setdefault(name, []).append(size)
        for name, value in uncorrected(batch, reference, ordered).items():
            plain[name] = plain.get(name, 0.0) + value / BATCHES
    many = 1e12
    truth = uncorrected(
        np.round(many * shares_after(shift, ordered)), np.round(many * shares_after(0.0, ordered)), ordered
    )
    return sizes, plain, truth


@pytest.mark.parametrize("ordered", [True, False], ids=["numbers", "categories"])
@pytest.mark.parametrize("rows", [50, 100, 500])
def test_without_a_shift_most_of_the_bias_is_gone(rows: int, ordered: bool) -> None:
    sizes, plain, _ = simulated(rows, 0.0, ordered)
    for name, allowed in {"psi": 0.3, "js": 0.5, "ks": 0.5}.items():
        ratio = float(np.mean([size.value for size in sizes[name]])) / plain[name]
        assert ratio < allowed, f"{name}: {ratio:.2f} of {plain[name]:.3f} is left"


@pytest.mark.parametrize("ordered", [True, False], ids=["numbers", "categories"])
@pytest.mark.parametrize("shift", [0.0, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("rows", [50, 500])
def test_the_interval_covers_the_true_size_and_0_if_there_is_no_shift(
    rows: int, shift: float, ordered: bool
) -> None:
    """A nominal 95 %; the bar leaves room for 300 batches, whose standard error is 1.3 %."""
    sizes, _, truth = simulated(rows, shift, ordered)
    for name, of_batches in sizes.items():
        covered = float(np.mean([size.low <= truth[name] <= size.high for size in of_batches]))
        assert covered >= (0.97 if shift == 0.0 else 0.9), f"{name}: {100 * covered:.1f} %"


@pytest.mark.parametrize("shift", [0.25, 1.0])
def test_of_many_rows_the_value_is_the_true_one(shift: float) -> None:
    sizes, _, truth = simulated(20_000, shift, True)
    for name, of_batches in sizes.items():
        assert np.mean([size.value for size in of_batches]) == pytest.approx(truth[name], rel=0.03), name


@settings(max_examples=60)
@given(COUNTS, st.booleans(), st.integers(0, 2**32))
def test_values_lie_within_their_intervals_and_those_within_what_can_be(
    pairs: list[tuple[int, int]], ordered: bool, seed: int
) -> None:
    batch, reference = (counts.astype(float) for counts in columns(pairs))
    sizes = effect_sizes(batch, reference, ordered, seed)
    assert sizes == effect_sizes(batch, reference, ordered, seed)
    for name, size in sizes.items():
        assert 0.0 <= size.low <= size.value <= size.high
        assert name == "psi" or size.high <= 1.0
    wider = effect_sizes(batch, reference, ordered, seed, confidence=0.99)
    assert all(wider[name].low <= size.low and size.high <= wider[name].high for name, size in sizes.items())


def test_the_same_counts_have_no_distance() -> None:
    counts = np.array([40.0, 30.0, 0.0, 30.0])
    for size in effect_sizes(counts, counts, True, 1).values():
        assert size.low == size.value == 0.0 < size.high


def test_a_distance_is_1_at_most() -> None:
    """Of these counts, the estimate and the spread together exceed 1."""
    sizes = effect_sizes(np.array([0.0, 7.0]), np.array([16.0, 1.0]), False, 1)
    assert sizes["ks"].high == 1.0 > sizes["ks"].value


def test_bins_that_are_empty_in_both_change_nothing() -> None:
    batch, reference = np.array([4.0, 9.0, 0.0]), np.array([400.0, 500.0, 100.0])
    empty = np.zeros(20)
    for ordered in (True, False):
        longer = effect_sizes(np.append(batch, empty), np.append(reference, empty), ordered, 1)
        assert longer == effect_sizes(batch, reference, ordered, 1)


def test_without_rows_there_is_no_effect_size() -> None:
    some, none = np.array([3.0, 4.0]), np.zeros(2)
    for batch, reference in ((none, some), (some, none), (none, none)):
        sizes = effect_sizes(batch, reference, True, 1)
        assert set(sizes) == {"psi", "js", "ks"}
        assert all(math.isnan(value) for size in sizes.values() for value in size)
