"""The table ``explained`` of a report as a ``shap.Explanation``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from audit.data.shared_ranges import RARE_VALUE
from audit.errors import AuditError
from audit.formats.text.table_records import fits
from audit.frameworks.output_silencing import quiet
from audit.result import Report, Scalar, Table

if TYPE_CHECKING:
    import shap

_VALUE = "value: "
_ATTRIBUTION = "attribution: "
_SUM = "sum: "
_NUMBER = r"([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)"
_RANGE = re.compile(rf"{_NUMBER} to {_NUMBER}|below {_NUMBER}|{_NUMBER} or more|{_NUMBER}")
"""A masked number, as `audit.data.shared_ranges.Ranges` writes it."""

_UNKNOWN = (RARE_VALUE, "nan")
"""Texts in place of a number that is not shown, or that the row does not have."""


def row_explanation(report: Report) -> shap.Explanation:
    """Return the SHAP values of the rows that the report shows: see `AuditReport.explanation`.

    Raises:
        AuditError: the report has none.
    """
    table = _table(report)
    features = [name.removeprefix(_VALUE) for name in table.columns if name.startswith(_VALUE)]
    sums = [name for name in table.columns if name.startswith(_SUM)]
    cells = [table.columns[_VALUE + feature] for feature in features]
    sum_cells: list[list[Scalar | None]] = [["sum"] * len(table.columns["base"]) for _ in sums]
    attributions = [_ATTRIBUTION + feature for feature in features] + sums
    with quiet():
        import shap
    return shap.Explanation(
        values=np.column_stack([np.asarray(table.columns[name], np.float64) for name in attributions]),
        base_values=np.asarray(table.columns["base"], np.float64),
        data=np.column_stack([_numeric(column) for column in [*cells, *sum_cells]]),
        display_data=np.column_stack([np.asarray(column, object) for column in [*cells, *sum_cells]]),
        feature_names=[*features, *(name.removeprefix(_SUM) for name in sums)],
    )


def _numeric(cells: list[Scalar | None]) -> np.ndarray:
    """Return values as float64: numbers, the middle of ranges, or the place of each text in alphabetical order."""
    numbers = [_number(cell) for cell in cells]
    if None in numbers:
        return np.unique([str(cell) for cell in cells], return_inverse=True)[1].astype(np.float64)
    return np.asarray(numbers, np.float64)


def _number(cell: Scalar | None) -> float | None:
    """Return a cell as a number: a range as its middle or only end, NaN if it is not known; None for a text."""
    if cell is None or cell in _UNKNOWN:
        return math.nan
    if not isinstance(cell, str):
        return float(cell)
    match = _RANGE.fullmatch(cell)
    ends = [float(end) for end in match.groups() if end] if match else []
    return sum(ends) / len(ends) if ends else None


def _table(report: Report) -> Table:
    check = next((check for check in report.checks if check.name == "explainability"), None)
    tables = {table.name: table for table in check.tables} if check else {}
    if "explained" in tables and fits(tables["explained"], ("base",)):
        return tables["explained"]
    setting = "report: {rows: masked} in the policy (example rows), or {rows: shown} (all explained rows)"
    if _disclosure(report) == "none":
        raise _missing("none: report.rows is none, so no row is shown", f"audit again with {setting}")
    if check is None:
        raise _missing("no check 'explainability': it was turned off or left out", "audit again with it")
    if check.status != "measured":
        raise _missing(f"the check was {check.status}: {check.reason}", "audit again once that is mended")
    if "pictures" in tables or "picture_map" in tables:
        raise _missing("an audit of images, which are explained by maps", "look at the maps in report.html")
    raise _missing("a report from before reports had them", "audit again")


def _disclosure(report: Report) -> object:
    section = report.policy.effective.get("report")
    return section.get("rows") if isinstance(section, Mapping) else None


def _missing(reason: str, fix: str) -> AuditError:
    expected = "SHAP values of rows, in the table 'explained' of the check 'explainability'"
    return AuditError(where="Report.explanation", expected=expected, found=reason, fix=fix)
