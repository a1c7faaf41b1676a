"""Scales of line charts, from data to per cent of the width and pixels from the top."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from audit.formats.html.charts.axis import Axis
from audit.formats.html.charts.interval_plot import percent

_T = TypeVar("_T")

SHARES = Axis(0.0, 1.0, length=1.0, inset=0.0)
"""The axis of shares, from edge to edge."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Both scales of a line chart of ``height`` pixels, from data to places; ``x`` returns units of its width."""

    x: Callable[[float], float]
    vertical: Axis
    height: float

    def y(self, value: float) -> float:
        """Return the place of a value in pixels from the top: beyond the axis at its edge, NaN at the bottom."""
        return self.height * (1 - self.vertical.at(value) / self.vertical.length)

    def height_of(self, value: float | None) -> str | None:
        """Return `y` as SVG writes it; None if ``value`` is None or beyond the axis."""
        return f"{self.y(value):.1f}" if value is not None and self.vertical.shows(value) else None

    def point(self, x: float, y: float) -> tuple[str, str]:
        """Return the place of a point of data as SVG writes it: per cent of the width, pixels from the top."""
        return percent(self.x(x)), f"{self.y(y):.1f}"

    def path(self, points: Iterable[tuple[float, float]], decimals: int = 1) -> str:
        """Return the SVG path through ``points`` of data, with ``decimals`` of a pixel."""
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.{decimals}f}" for x, y in points)

    def ticks(self) -> list[tuple[str, str]]:
        """Return the vertical axis' ticks as (pixels from the top, label), both as text."""
        return [(f"{self.y(value):.1f}", label) for value, label in self.vertical.ticks]


def equidistant(values: Sequence[float]) -> Callable[[float], float]:
    """Return a function from each of ``values`` to its place in per cent, at equal distances in their order."""
    ranks = Axis(0.0, max(len(values) - 1.0, 1.0))
    return {value: ranks.at(rank) for rank, value in enumerate(values)}.__getitem__


def thinned(values: Sequence[_T], at_most: int) -> Sequence[_T]:
    """Return every n-th of ``values``, from the first: at most ``at_most`` of them."""
    return values[:: max(1, -(-len(values) // at_most))]
