"""Plug-ins that take most of an audit's time."""

from __future__ import annotations

from collections.abc import Mapping

from audit.check.entry_points import is_plug_in

MIN_SLOW_SECONDS = 10.0
"""A plug-in that takes less is not worth a remark, whatever its share."""

MAX_SHARE = 0.5
"""Share of an audit's seconds above which a plug-in is called slow."""


def slow_plug_in(seconds: Mapping[str, float]) -> str | None:
    """Return the plug-in that took more than half of the audit, if it took `MIN_SLOW_SECONDS` or more.

    Args:
        seconds: of each part of the audit by name, as in ``run.seconds`` of a report: loading, and each check.
    """
    limit = max(MIN_SLOW_SECONDS, MAX_SHARE * sum(seconds.values()))
    slow = (name for name, spent in seconds.items() if spent >= limit)
    return next((name for name in slow if name != "load" and is_plug_in(name)), None)
