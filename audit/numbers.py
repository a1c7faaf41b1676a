"""Formats numbers for readers: about three significant digits; undefined and infinite ones as words."""

import math
from typing import NamedTuple

_PER_CENT = "\u00a0%"


def number(value: float) -> str:
    """Return ``value`` as text to about three significant digits; values that are not finite as words.

    A value below a thousandth keeps its magnitude (``4e−5``): rounding it to 0 would hide a near miss.
    """
    if not math.isfinite(value):
        return _word(value)
    magnitude = abs(value)
    if magnitude >= 1e9 or 0 < magnitude < 1e-3:
        mantissa, _, exponent = f"{value:.2g}".partition("e")
        return minus(f"{mantissa}e{int(exponent)}" if exponent else mantissa)
    if value == int(value):
        return minus(f"{int(value):,}")
    decimals = 3 if magnitude < 10 else 2 if magnitude < 100 else 1 if magnitude < 1000 else 0
    return minus(f"{value:,.{decimals}f}")


def count(value: float) -> str:
    """Return a number of rows as text, with thousands marked."""
    return number(value) if value != int(value) else f"{int(value):,}"


def signed(value: float) -> str:
    """Return a contribution as text with its sign, to two decimals or more: ``+1.90``, ``−0.012``, ``0``."""
    if 1e-3 <= abs(value) < 1e3:
        return minus(f"{value:+.{2 if abs(value) >= 0.1 else 3}f}")
    return f"+{number(value)}" if value > 0 else number(value)


def per_cent(share: float) -> str:
    """Return a share in [0, 1] as text in per cent, to one decimal; smaller shares keep their magnitude."""
    text = minus(f"{100 * share:.1f}") if 0.1 <= abs(100 * share) < 1e9 else number(100 * share)
    return f"{text}{_PER_CENT}" if math.isfinite(share) else text


def per_cents(ci: tuple[float, float]) -> str:
    """Return both ends of a share's interval as text in per cent: ``7.4 to 8.2 %``."""
    low, high = (per_cent(end) for end in ci)
    return f"{low.removesuffix(_PER_CENT)} to {high}"


def written(value: float) -> str:
    """Return a limit as text with the digits that the policy writes."""
    return minus(f"{value:.12g}") if math.isfinite(value) else _word(value)


def interval(ci: tuple[float, float] | None, missing: str = "none") -> str:
    """Return both ends of an interval in words; ``missing`` if there is no interval."""
    return missing if ci is None else f"{number(ci[0])} to {number(ci[1])}"


class Estimate(NamedTuple):
    """A value and its interval as text; ``ci`` is empty if there is no interval."""

    value: str
    ci: str


def estimate(value: float, ci: tuple[float, float] | None) -> Estimate:
    """Return a value and its interval as text."""
    return Estimate(number(value), interval(ci, ""))


def with_interval(value: float, ci: tuple[float, float] | None) -> str:
    """Return a value with its interval: ``0.83 (0.79 to 0.87)``; without one, the value."""
    return f"{number(value)} ({interval(ci)})" if ci else number(value)


def minus(text: str) -> str:
    """Return ``text`` with minus signs for hyphens, which are easily overlooked."""
    return text.replace("-", "−")


def _word(value: float) -> str:
    if math.isnan(value):
        return "undefined"
    return "infinite" if value > 0 else "minus infinite"
