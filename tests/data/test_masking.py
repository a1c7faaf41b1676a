"""What a report shows of a real row: never a value that few rows of the background share."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.data.masking import Masker

RARE = "(rare value)"
finite = st.floats(allow_nan=False, allow_infinity=False)
tame = st.integers(-50, 50).map(float) | st.floats(-1e6, 1e6).map(lambda value: float(np.float32(value)))
repeated = st.lists(st.tuples(tame | finite, st.integers(1, 25)), min_size=1, max_size=30).map(
    lambda pairs: np.repeat(*map(np.array, zip(*pairs, strict=True)))
)
SHAPES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "age": lambda rng, n: rng.integers(17, 91, n).astype(float),
    "gain": lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.lognormal(8, 1, n)),
    "year": lambda rng, n: rng.integers(1990, 2021, n).astype(float),
}
drawn = st.builds(
    lambda seed, rows, shape: SHAPES[shape](np.random.default_rng(seed), rows),
    st.integers(0, 2**32),
    st.integers(1, 400),
    st.sampled_from(["normal", "age", "gain", "year"]),
)
backgrounds = repeated | drawn


def masked(background: np.ndarray, value: float) -> str:
    return Masker("masked", {"x": background}, {}).text("x", value)


def ends(text: str) -> tuple[float, float]:
    """Return the half-open range that a text names."""
    for pattern in (r"below (?P<high>\S+)", r"(?P<low>\S+) or more", r"(?P<low>\S+) to (?P<high>\S+)"):
        if found := re.fullmatch(pattern, text):
            named = found.groupdict()
            return float(named.get("low", -math.inf)), float(named.get("high", math.inf))
    raise AssertionError(text)


@given(backgrounds)
@settings(max_examples=300)
def test_what_stands_for_a_background_value_is_shared(background: np.ndarray) -> None:
    counts = Counter(background.tolist())
    texts = {value: masked(background, value) for value in counts}
    plain = {value for value, text in texts.items() if not re.search(r"below|or more| to |rare", text)}
    for value, text in texts.items():
        if value in plain:
            assert counts[value] >= 10
            assert float(text) == pytest.approx(value, rel=1e-5)
        elif text != RARE:
            low, high = ends(text)
            assert low <= value < high
            assert sum(n for other, n in counts.items() if low <= other < high and other not in plain) >= 10


@given(backgrounds, finite | tame)
@settings(max_examples=300)
def test_the_range_holds_any_value(background: np.ndarray, value: float) -> None:
    """Also one that no row has: an attack makes those."""
    text = masked(background, value)
    if value in background and re.fullmatch(r"\S+", text):
        return  # a number that many rows share
    if text != RARE:
        low, high = ends(text)
        assert low <= value < high


@given(backgrounds)
@settings(max_examples=100)
def test_the_order_of_rows_does_not_matter(background: np.ndarray) -> None:
    other = np.random.default_rng(0).permutation(background)
    assert [masked(background, v) for v in background[:5]] == [masked(other, v) for v in background[:5]]


AGES = np.repeat(np.arange(20.0, 120.0), 10)  # deciles at 30, 40, …, 110
KNOWN = [
    (AGES, 25.0, "below 30"),
    (AGES, 30.0, "30 to 40"),
    (AGES, 39.9, "30 to 40"),
    (AGES, 40.0, "40 to 50"),
    (AGES, 110.0, "110 or more"),
    (AGES, -5.0, "below 30"),
    (AGES, math.inf, "110 or more"),
    (AGES, -math.inf, "below 30"),
    (AGES, math.nan, "nan"),
    (np.r_[AGES, np.nan, np.inf], 35.0, "30 to 40"),
    (AGES + 0.123456, 35.0, "30 to 40"),  # edges in two digits
    (AGES / 1e6, 35e-6, "3e-05 to 4e-05"),
    (AGES * 1e3, 35e3, "30000 to 40000"),
    (AGES / 100 + 2000, 2000.35, "2000.3 to 2000.4"),  # as many digits as tell the deciles apart
    (AGES[::10], 25.0, "below 30"),  # one row a value, ten a range
    (AGES[:250:10], 25.0, "below 30"),  # 25 rows: two ranges
    (AGES[:190:10], 25.0, RARE),  # 19 rows: no two ranges of ten
    (np.empty(0), 1.0, RARE),
]


@pytest.mark.parametrize(("background", "value", "text"), KNOWN, ids=range(len(KNOWN)))
def test_deciles(background: np.ndarray, value: float, text: str) -> None:
    assert masked(background, value) == text


def test_few_numbers_that_all_are_common_stand_for_themselves() -> None:
    flags = np.repeat([0.0, 1.0, 2.5], [10, 20, 30])
    assert [masked(flags, v) for v in (0.0, 1.0, 2.5)] == ["0", "1", "2.5"]
    assert [masked(flags, v) for v in (-1.0, 0.25, 3.0)] == ["below 0", "0 to 1", "2.5 or more"]
    rarer = np.repeat([0.0, 1.0, 2.5], [9, 20, 30])
    assert [masked(rarer, v) for v in (0.0, 1.0)] == [RARE, "1"]
    many = np.repeat(np.arange(13.0), 10)
    assert masked(many, 3.0) != "3"
    assert masked(many[many < 12], 3.0) == "3"


def test_a_number_that_most_rows_have_stands_for_itself() -> None:
    gain = np.r_[np.zeros(900), np.arange(1, 101) * 100.0]
    assert masked(gain, 0.0) == "0"
    assert masked(gain, 2550.0) == "2100 to 3100"
    assert masked(np.r_[np.zeros(900), 4321.0], 4321.0) == RARE


def test_texts_stand_where_ten_rows_share_them() -> None:
    jobs = ["clerk"] * 10 + ["astronaut"] * 9 + ["7"] * 30
    masker = Masker("masked", {"job": AGES}, {"job": jobs, "town": ["Ulm"] * 20})
    shown = ["clerk", "astronaut", "7", "nobody's", "Ulm"]
    assert [masker.text("job", job) for job in shown] == ["clerk", RARE, "7", RARE, RARE]
    assert masker.text("town", "Ulm") == "Ulm"
    assert masker.text("job", 35.0) == "30 to 40"  # a column may feed a number and a text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (37.0, "37"), (0.1234567, "0.123457"), (1234567.0, "1234570"), (1e-9, "1e-09"), (-0.0, "0"),
        ("astronaut", "astronaut"), (np.float32(0.1), "0.1"), (math.nan, "nan"),
    ],
)  # fmt: skip
def test_shown_as_it_is(value: float | str, text: str) -> None:
    assert Masker("shown", {"x": AGES}, {"x": ["clerk"]}).text("x", value) == text


@pytest.mark.parametrize("value", [1.0, "clerk"])
def test_none_writes_nothing(value: float | str) -> None:
    with pytest.raises(ValueError, match=r"report\.rows is none"):
        Masker("none", {"x": AGES}, {"x": ["clerk"]}).text("x", value)
