"""Numbers as a reader wants them: about three digits, words where there is no number."""

from __future__ import annotations

import math

_PER_CENT = "\u00a0%"


def number(value: float) -> str:
    """Return ``value`` to about three significant digits; not finite ones as words.

    A value below a thousandth keeps its size (``4e−5``): rounding it to 0 would hide a near miss.
    """
    if not math.isfinite(value):
        return _word(value)
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-3:
        mantissa, _, exponent = f"{value:.2g}".partition("e")
        return minus(f"{mantissa}e{int(exponent)}" if exponent else mantissa)
    if value == int(value):
        return minus(f"{int(value):,}")
    decimals = 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return minus(f"{value:,.{decimals}f}")


def count(value: float) -> str:
    """Return a number of rows, with thousands marked."""
    return number(value) if value != int(value) else f"{int(value):,}"


def brief_count(value: float) -> str:
    """Return a number of rows that fits beside a chart: millions are rounded."""
    return count(value) if value < 1e6 else f"{value / 1e6:.3g}M" if value < 1e9 else number(value)


def signed(value: float) -> str:
    """Return a contribution with its sign, to two decimals or more: ``+1.90``, ``−0.012``, ``0``."""
    size = abs(value)
    if 1e-3 <= size < 1e3:
        return minus(f"{value:+.{2 if size >= 0.1 else 3}f}")
    return f"+{number(value)}" if value > 0 else number(value)


def per_cent(share: float) -> str:
    """Return a share in per cent, to one decimal; what is smaller than that keeps its size."""
    size = abs(100 * share)
    text = minus(f"{100 * share:.1f}") if 0.1 <= size < 1e9 else number(100 * share)
    return f"{text}{_PER_CENT}" if math.isfinite(share) else text


def per_cents(ci: tuple[float, float]) -> str:
    """Return both ends of an interval in per cent: ``7.4 to 8.2 %``."""
    low, high = (per_cent(end) for end in ci)
    return f"{low.removesuffix(_PER_CENT)} to {high}"


def written(value: float) -> str:
    """Return a limit as a policy writes it: all its digits, and none that it lacks."""
    return minus(f"{value:.12g}") if math.isfinite(value) else _word(value)


def interval(ci: tuple[float, float] | None) -> str:
    """Return both ends of an interval in words, or ``none``."""
    return "none" if ci is None else f"{number(ci[0])} to {number(ci[1])}"


def minus(text: str) -> str:
    """Return ``text`` with the sign of typography: a hyphen is easily overlooked."""
    return text.replace("-", "−")


def _word(value: float) -> str:
    if math.isnan(value):
        return "undefined"
    return "infinite" if value > 0 else "minus infinite"
