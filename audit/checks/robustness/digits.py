"""How exactly numbers of a row are written: in a masked report not so that the row's values follow from them."""

from __future__ import annotations

from collections.abc import Sequence

_DIGITS, _ALL = 3, 17
"""Significant digits in a masked report, and those that a 64-bit float never needs more of."""


def rounded(value: float, digits: int = _DIGITS) -> float:
    """Return ``value`` to ``digits`` significant digits."""
    return float(f"{value:.{digits}g}")


def apart(values: Sequence[float], border: float | None) -> list[float]:
    """Return ``values`` to 3 significant digits, or to as many as tell them from each other and from ``border``."""
    exact = {*values, *([] if border is None else [border])}
    digits = next(
        (
            some
            for some in range(_DIGITS, _ALL)
            if len({rounded(value, some) for value in exact}) == len(exact)
        ),
        _ALL,
    )
    return [rounded(value, digits) for value in values]
