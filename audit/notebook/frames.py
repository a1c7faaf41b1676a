"""Measurements and rules of a report as pandas DataFrames, which are imported when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.formats.text.margins import in_words
from audit.formats.text.where_labels import describe
from audit.result import Measurement, Report, RuleResult

if TYPE_CHECKING:
    import pandas as pd

_MEASUREMENT = ["check", "metric", "value", "low", "high", "n", "method"]
_RULE = [
    "id",
    "metric",
    "where",
    "limit",
    "status",
    "would_be",
    "reason",
    "needs",
    "measurements",
    "not_decided",
]


def measurement_frame(report: Report) -> pd.DataFrame:
    """Return a row for each measurement: see `AuditReport.to_frame`."""
    import pandas as pd

    records = [_measurement(check.name, m) for check in report.checks for m in check.measurements]
    keys = dict.fromkeys(key for record in records for key in record)
    return pd.DataFrame(records, columns=list(dict.fromkeys([*_MEASUREMENT, *keys])))


def _measurement(check: str, measurement: Measurement) -> dict[str, object]:
    low, high = measurement.ci or (None, None)
    cells = (check, measurement.metric, measurement.value, low, high, measurement.n, measurement.method)
    record: dict[str, object] = dict(zip(_MEASUREMENT, cells, strict=True))
    where = {
        f"where.{key}" if key in _MEASUREMENT else key: value for key, value in measurement.where.items()
    }
    return record | where


def rule_frame(report: Report) -> pd.DataFrame:
    """Return a row for each rule: see `AuditReport.rules_frame`."""
    import pandas as pd

    return pd.DataFrame([_rule(rule) for rule in report.rules], columns=_RULE)


def _rule(rule: RuleResult) -> dict[str, object]:
    return {
        "id": rule.id,
        "metric": rule.metric,
        "where": describe(rule.where),
        "limit": in_words(rule.limit),
        "status": rule.status,
        "would_be": rule.would_be,
        "reason": rule.reason,
        "needs": "\n".join(rule.needs),
        "measurements": len(rule.measurements),
        "not_decided": len(rule.not_decided),
    }
