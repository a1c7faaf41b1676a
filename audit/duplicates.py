"""Rows that repeat another one: counted as cases of their own, they narrow every interval."""

from __future__ import annotations

from collections.abc import Mapping

from audit.result import Report

_SHARE = 0.01
"""Fewer than this hardly narrow an interval, and are to be expected of short rows."""


def repeated_rows(report: Report) -> int:
    """Return how many rows repeat another one (in the columns that the audit reads)."""
    return max(0, report.data.rows - report.data.distinct_rows)


def narrowing_rows(report: Report) -> int:
    """Return the repeated rows where they matter: more than 1 % of all, and no ``cluster`` accounts for them."""
    data = report.policy.effective.get("data")
    cluster = data.get("cluster") if isinstance(data, Mapping) else None
    repeated = repeated_rows(report)
    return repeated if cluster is None and repeated > _SHARE * report.data.rows else 0
