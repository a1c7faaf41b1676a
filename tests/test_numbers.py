"""Numbers as text."""

import math

import pytest

from audit.numbers import count, interval, number, per_cent, per_cents, signed, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.31234, "0.312"), (-0.5, "−0.500"), (0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.001, "0.001"),
        (12.345, "12.35"), (123.45, "123.5"), (16281, "16,281"), (12345.6, "12,346"), (1e300, "1e300"),
        (0.00042, "0.00042"), (4.2e-7, "4.2e−7"),
        (math.nan, "undefined"), (math.inf, "infinite"), (-math.inf, "minus infinite"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_counts_limits_and_intervals() -> None:
    assert count(1234567) == "1,234,567"
    assert (written(0.8), written(-0.1), written(1.0)) == ("0.8", "−0.1", "1")
    assert interval((-0.2, math.inf)) == "−0.200 to infinite" and interval(None) == "none"


@pytest.mark.parametrize(
    ("value", "sign", "share"),
    [
        (1.9, "+1.90", "190.0 %"),
        (-0.0123, "−0.012", "−1.2 %"),
        (0.0, "0", "0 %"),
        (4e-5, "+4e−5", "0.004 %"),
        (2.5e4, "+25,000", "2500000.0 %"),
        (math.nan, "undefined", "undefined"),
    ],
)
def test_contributions_and_shares(value: float, sign: str, share: str) -> None:
    assert signed(value) == sign and per_cent(value).replace("\u00a0", " ") == share


def test_an_interval_in_per_cent() -> None:
    assert per_cents((0.0741, 0.5)).replace("\u00a0", " ") == "7.4 to 50.0 %"
