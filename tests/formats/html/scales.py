"""Reads the scale of a drawn axis off its labels, as a reader does."""

from __future__ import annotations

import re
from collections.abc import Callable

from .pages import Element

Scale = Callable[[float], float]


def place_of(text: object) -> float:
    """A place in per cent or pixels."""
    return float(str(text).removesuffix("%"))


def value_of(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace(",", ""))


def scale(labels: list[Element], key: str) -> Scale:
    """Return what turns a place into a value, from the first and last of the labels along ``key`` (x or y)."""
    points = sorted((place_of(t.attributes[key]), value_of(t.text)) for t in labels if key in t.attributes)
    (x0, v0), (x1, v1) = points[0], points[-1]
    return lambda place: v0 + (place - x0) * (v1 - v0) / (x1 - x0)


def points_of(path: object) -> list[tuple[float, float]]:
    """The corners of a path that is written with M and L alone."""
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", str(path))]
