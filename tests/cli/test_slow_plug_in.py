"""A plug-in that takes most of the time is named; the audit's own checks may."""

from __future__ import annotations

import pytest

from audit.cli.summary import slow_plug_in


@pytest.mark.parametrize(
    ("seconds", "slow"),
    [
        ({"load": 4.0, "performance": 1.0, "mine": 11.0}, "mine"),
        ({"load": 4.0, "performance": 1.0, "mine": 9.0}, None),
        ({"load": 20.0, "performance": 1.0, "mine": 11.0}, None),
        ({"load": 40.0, "performance": 1.0}, None),
        ({"load": 4.0, "explainability": 90.0, "mine": 11.0}, None),
        ({"load": 4.0, "mine": 20.0, "other": 90.0}, "other"),
        ({}, None),
    ],
)
def test_slow(seconds: dict[str, float], slow: str | None) -> None:
    assert slow_plug_in(seconds) == slow
