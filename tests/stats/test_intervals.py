"""What must be true of every interval, whatever its method, on generated measurements."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.result import Measurement
from audit.stats import METHODS, interval, intervals, is_known

from .known import known_interval

ODDS = [f"{who}_{what}_positive" for who in ("unprivileged", "privileged") for what in ("true", "false")]
NAMES = {
    "clopper-pearson": ["rate"],
    "mover-difference": ["unprivileged", "privileged"],
    "mover-ratio": ["unprivileged", "privileged"],
    "mover-mean": ["true_positive", "true_negative"],
    "average-odds-difference": ODDS,
    "average-abs-odds-difference": ODDS,
    "equalized-odds-difference": ODDS,
}
RANGES = {
    "clopper-pearson": (0, 1),
    "mover-difference": (-1, 1),
    "mover-ratio": (0, math.inf),
    "mover-mean": (0, 1),
    "average-odds-difference": (-1, 1),
    "average-abs-odds-difference": (0, 1),
    "equalized-odds-difference": (0, 1),
    "delong": (0, 1),
    "mean-t": (-math.inf, math.inf),
    "mean-skewed": (-math.inf, math.inf),
    "root-mean-skewed": (0, math.inf),
    "explained-variance": (-math.inf, 1),
    "calibration-bins": (0, 1),
    "fisher-z": (-1, 1),
}


UNTIMED = settings(deadline=None)  # the first example imports what intervals need


def value_of(method: str, p: list[float]) -> float:
    if method == "mover-ratio":
        return p[0] / p[1] if p[1] else (math.inf if p[0] else math.nan)
    if method == "mover-mean":
        return sum(p) / len(p)
    if method in ("clopper-pearson", "mover-difference"):
        return p[0] - (p[1] if len(p) > 1 else 0.0)
    true, false = p[0] - p[2], p[1] - p[3]
    if method == "average-odds-difference":
        return (true + false) / 2
    if method == "average-abs-odds-difference":
        return (abs(true) + abs(false)) / 2
    return max(abs(true), abs(false))


@st.composite
def cells(draw: st.DrawFn) -> list[float]:
    """[k, n]: whole counts, or what weights make of them."""
    n = draw(st.integers(1, 3000))
    k, effective = draw(st.integers(0, n)), draw(st.sampled_from([1.0, 1.0, 0.83, 0.31]))
    return [k * effective, n * effective]


@st.composite
def skewed(draw: st.DrawFn, method: str) -> Measurement:
    """A mean of losses that occur: skewness and worst loss are those of rows, not any two numbers."""
    losses = draw(st.lists(st.floats(0, 1), min_size=2, max_size=12).filter(lambda x: max(x) - min(x) > 1e-3))
    values, effective = np.array(losses), draw(st.sampled_from([1.0, 1.0, 0.83]))
    copies = draw(st.integers(1, 300))
    n, spread = effective * len(losses) * copies, values - values.mean()
    cubes = n * (spread**3).mean() / (spread**2).mean() ** 1.5
    counts = {"rows": [n], "cubes": [cubes, n]}
    if draw(st.booleans()):
        counts["worst"] = [n * max(losses) * draw(st.floats(1, 30)), n]
    value = {"mean-skewed": 1.0, "root-mean-skewed": 0.5}.get(method)
    mean = float(values.mean())
    return Measurement(
        metric="x",
        value=1.0 - mean if value is None else mean**value,
        n=len(losses) * copies,
        method=method,
        counts=counts,
        se=math.sqrt((spread**2).sum() / (len(losses) * max(n - 1, 0.5)))
        / (2 * math.sqrt(mean) if value == 0.5 else 1.0),
    )


@st.composite
def measurements(draw: st.DrawFn, method: str | None = None) -> Measurement:
    method = method or draw(st.sampled_from(sorted(RANGES)))
    if method == "delong":
        sizes = draw(st.tuples(st.integers(1, 500), st.integers(1, 500)))
        value = draw(st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.001, 0.999)))
        se = draw(st.one_of(st.none(), st.floats(0.0, 0.3)))
        counts = {"favorable": [float(sizes[0])], "unfavorable": [float(sizes[1])]}
        return Measurement(metric="auc", value=value, n=sum(sizes), method=method, counts=counts, se=se)
    if method == "mean-t":
        value, se, n = draw(st.floats(-5, 5)), draw(st.floats(1e-6, 1)), draw(st.integers(2, 9000))
        return Measurement(metric="mae", value=value, n=n, method=method, counts={"rows": [n]}, se=se)
    if method in ("mean-skewed", "root-mean-skewed", "explained-variance"):
        return draw(skewed(method))
    if method == "fisher-z":
        value, rows = draw(st.floats(-0.999, 0.999)), draw(st.floats(3.5, 9000))
        return Measurement(metric="rank", value=value, n=int(rows), method=method, counts={"rows": [rows]})
    if method == "calibration-bins":
        bins = draw(st.lists(st.tuples(cells(), st.floats(0, 1)), min_size=1, max_size=5))
        counts = {str(i): [k, n, share * n] for i, ((k, n), share) in enumerate(bins)}
        total = sum(n for _, n, _ in counts.values())
        value = sum(abs(k - s) for k, _, s in counts.values()) / total
    else:
        counts = {name: draw(cells()) for name in NAMES[method]}
        total, value = 1.0, value_of(method, [k / n for k, n in counts.values()])
    return Measurement(metric="x", value=value, n=max(1, int(total)), method=method, counts=counts)


CONFIDENCES = st.floats(0.01, 0.9999)


def within(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    slack = 1e-9 * max(1.0, abs(inner[0]), abs(inner[1]) if math.isfinite(inner[1]) else 1.0)
    return outer[0] <= inner[0] + slack and inner[1] <= outer[1] + slack


@UNTIMED
@given(measurements(), CONFIDENCES)
def test_contains_the_value_and_stays_in_range(measurement: Measurement, confidence: float) -> None:
    low, high = known_interval(measurement, confidence)
    least, most = RANGES[measurement.method]
    assert least <= low <= high <= most
    if math.isfinite(measurement.value):
        assert low <= measurement.value <= high


@UNTIMED
@given(measurements(), CONFIDENCES, CONFIDENCES)
def test_nested_in_confidence(measurement: Measurement, one: float, two: float) -> None:
    less, more = sorted((one, two))
    assert within(known_interval(measurement, less), known_interval(measurement, more))


@UNTIMED
@given(measurements(), CONFIDENCES, st.floats(1, 300))
def test_more_rows_at_the_same_rates_never_widen(m: Measurement, confidence: float, times: float) -> None:
    counts = {name: [times * x for x in row] for name, row in m.counts.items()}
    se = None if m.se is None else m.se / math.sqrt(times)
    more = dataclasses.replace(m, counts=counts, se=se)
    assert within(known_interval(more, confidence), known_interval(m, confidence))


@pytest.mark.parametrize("method", ["mover-difference", "average-odds-difference"])
@UNTIMED
@given(data=st.data(), confidence=CONFIDENCES)
def test_swapping_groups_turns_a_difference_round(
    method: str, data: st.DataObject, confidence: float
) -> None:
    m = data.draw(measurements(method))
    low, high = known_interval(dataclasses.replace(m, value=-m.value, counts=swapped(m)), confidence)
    assert (-high, -low) == pytest.approx(interval(m, confidence), abs=1e-12)


@UNTIMED
@given(measurements("mover-ratio"), CONFIDENCES)
def test_swapping_groups_inverts_a_ratio(m: Measurement, confidence: float) -> None:
    value = math.inf if m.value == 0 else 1 / m.value
    low, high = known_interval(dataclasses.replace(m, value=value, counts=swapped(m)), confidence)
    assert (1 / high, 1 / low if low else math.inf) == pytest.approx(interval(m, confidence), rel=1e-9)


def swapped(m: Measurement) -> dict[str, list[float]]:
    turn = {"unprivileged": "privileged", "privileged": "unprivileged"}
    other = {n: n.replace(g, turn[g], 1) for n in m.counts for g in turn if n.split("_")[0] == g}
    return {name: m.counts[other[name]] for name in m.counts}


def test_every_method_is_tried_here() -> None:
    elsewhere = {
        "stability-z",
        "largest-t",
        "rows-and-references",
        "clopper-pearson-lower",
        "clopper-pearson-upper",
    }
    assert set(METHODS) == {*RANGES, *elsewhere, "exact", "none"}


@settings(UNTIMED, max_examples=20)
@given(st.lists(measurements(), min_size=1, max_size=8), CONFIDENCES)
def test_many_at_once_are_the_same_as_one_by_one(found: list[Measurement], confidence: float) -> None:
    apart = [interval(m, confidence) for m in found]
    for one, other in zip(intervals(found, confidence), apart, strict=True):
        assert one == (other if other is None else pytest.approx(other, rel=1e-9, abs=1e-9))


@pytest.mark.parametrize("method", ["exact", "none", "a-plug-in's own"])
def test_methods_without_an_interval(method: str) -> None:
    m = Measurement(metric="x", value=1.0, n=9, method=method, counts={"rate": [1, 2]}, ci=(0, 2))
    assert interval(m, 0.95) is None
    assert is_known(method) == (method in ("exact", "none"))


@pytest.mark.parametrize("method", sorted(NAMES))
def test_an_empty_denominator_has_no_interval(method: str) -> None:
    counts = {name: [1.0, 2.0] for name in NAMES[method]} | {NAMES[method][-1]: [0.0, 0.0]}
    assert interval(Measurement(metric="x", value=math.nan, n=2, method=method, counts=counts), 0.95) is None


@pytest.mark.parametrize(
    ("value", "se", "rows"),
    [(0.2, None, 9), (0.2, 0.0, 9), (0.2, math.nan, 9), (math.nan, 0.1, 9), (0.2, 0.1, 1)],
)
def test_a_mean_without_a_spread_has_no_interval(value: float, se: float | None, rows: int) -> None:
    m = Measurement(metric="x", value=value, n=rows, method="mean-t", counts={"rows": [rows]}, se=se)
    assert interval(m, 0.95) is None


def test_value_that_differs_from_its_counts_in_the_last_digit_is_contained() -> None:
    above = math.nextafter(1.0, 2.0)
    m = Measurement(metric="x", value=above, n=4, method="clopper-pearson", counts={"rate": [4, 4]})
    assert known_interval(m, 0.95)[1] == above


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.5, math.nan])
def test_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        interval(Measurement(metric="x", value=1.0, n=9, method="none"), confidence)


def test_counts_that_lack_a_name_are_refused() -> None:
    m = Measurement(metric="x", value=0.0, n=9, method="mover-difference", counts={"privileged": [1, 2]})
    with pytest.raises(KeyError, match="unprivileged"):
        interval(m, 0.95)
