"""Scales of line charts: places of values worked by hand, and never outside the drawing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.formats.html.charts.axis import Axis
from audit.formats.html.charts.scale import SHARES, Scale, equidistant, thinned

SCALE = Scale(Axis(0.0, 10.0).at, SHARES, 200.0)
anything = st.floats(allow_nan=True, allow_infinity=True)


def test_both_ends_are_inset_across_and_shares_fill_the_height() -> None:
    assert [SCALE.x(value) for value in (0, 5, 10)] == [2.0, 50.0, 98.0]
    assert [SCALE.y(value) for value in (0.0, 0.25, 1.0)] == [200.0, 150.0, 0.0]


@pytest.mark.parametrize(("value", "y"), [(1.5, 0.0), (math.inf, 0.0), (-2.0, 200.0), (math.nan, 200.0)])
def test_values_beyond_the_axis_are_at_its_edge(value: float, y: float) -> None:
    assert SCALE.y(value) == y
    assert SCALE.height_of(value) is None


def test_points_and_paths_as_svg_writes_them() -> None:
    assert SCALE.point(2.5, 0.333) == ("26%", "133.4")
    assert SCALE.path([(0, 1.0), (10, 0.333)]) == "M2.0 0.0L98.0 133.4"
    assert SCALE.path([(0, 1.0), (10, 0.333)], decimals=0) == "M2.0 0L98.0 133"


def test_ticks_are_those_of_the_vertical_axis() -> None:
    ticks = Axis(0.0, 4.0, ((1.0, "one"), (3.0, "three")), inset=0.0)
    assert Scale(Axis(0.0, 1.0).at, ticks, 100.0).ticks() == [("75.0", "one"), ("25.0", "three")]


def test_ranks_replace_distances() -> None:
    place = equidistant([0.1, 0.1001, 7.0])
    assert [place(value) for value in (0.1, 0.1001, 7.0)] == [2.0, 50.0, 98.0]
    assert equidistant([0.5])(0.5) == 2.0


def test_labels_are_thinned_from_the_first() -> None:
    assert thinned([1, 2, 3, 4, 5], 2) == [1, 4]
    assert thinned([1, 2], 6) == [1, 2]
    assert thinned([], 6) == []


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), anything, anything, st.sampled_from([0.0, 2.0]))
def test_every_value_is_inside_the_drawing_and_greater_ones_are_higher(
    low: float, span: float, one: float, other: float, inset: float
) -> None:
    """A mutation of any sign, clip or inset in `Axis.at` or `Scale.y` fails this."""
    scale = Scale(Axis(0.0, 1.0).at, Axis(low, low + span, inset=inset), 130.0)
    margin = 130.0 * inset / 100.0
    for value in (one, other):
        assert margin - 1e-9 <= scale.y(value) <= 130.0 - margin + 1e-9
    if one <= other:
        assert scale.y(one) >= scale.y(other)
    if scale.vertical.shows(one):
        share = (one - low) / (scale.vertical.high - low)
        assert scale.y(one) == pytest.approx(130.0 - margin - share * (130.0 - 2 * margin), abs=1e-6)
