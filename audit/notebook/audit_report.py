"""The report that `audit.run` and `audit.load` return: a `Report` with tables, plots and a display of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from audit.conclusion.stored import require_measured, verified
from audit.formats.json import read_report, to_plain
from audit.policy.compatibility import recorded_policy
from audit.result import Report

if TYPE_CHECKING:
    import pandas as pd
    import shap


class AuditReport(Report):
    """Everything that an audit measured and decided, as `Report`, with views for Python and notebooks.

    A subclass without fields of its own: whatever takes a `Report` takes it as it is, and it is equal to a `Report`
    with the same content. Its views are made from that content alone: a report that was read from `report.json` has
    the same ones as the report of the audit that wrote it.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as of a `Report`, whose lists have none

    @classmethod
    def of(cls, report: Report) -> AuditReport:
        """Return ``report`` with these views."""
        return cls(**{field.name: getattr(report, field.name) for field in fields(report)})

    @classmethod
    def load(cls, path: str | Path) -> AuditReport:
        """Return the report in the file at ``path``, or in the `report.json` of the directory there.

        Raises:
            AuditError: there is none, it is damaged, or its verdict does not follow from its measurements.
        """
        report = read_report(path)
        verified(require_measured(report))
        return cls.of(report)

    def __eq__(self, other: object) -> bool:
        """Compare the content with that of any `Report`, as in `report.json`: an undefined value equals another one."""
        if not isinstance(other, Report):
            return NotImplemented
        return to_plain(self) == to_plain(other)

    def __repr__(self) -> str:
        from audit.notebook.one_line import one_line

        return one_line(self)

    def _repr_html_(self) -> str:
        """Return verdict and rules with their charts for a notebook, in a frame that leaves the notebook's style alone.

        Raises:
            AuditError: the verdict does not follow from the measurements.
        """
        from audit.formats.html.notebook import render_frame

        return render_frame(verified(self), repr(self))

    def to_frame(self) -> pd.DataFrame:
        """Return the measurements of all checks, a row each, in the order of the report.

        Returns:
            Columns ``check``, ``metric``, ``value``, ``low`` and ``high`` (the ends of the interval at
            ``gate.confidence``, NaN without one), ``n`` (rows in the metric's denominator) and ``method`` (of the
            interval), then a column for each key of ``where``, NaN where a measurement lacks it. A key with the name
            of one of the first columns is prefixed by ``where.``.
        """
        from audit.notebook.frames import measurement_frame

        return measurement_frame(self)

    def rules_frame(self) -> pd.DataFrame:
        """Return the rules, a row each, in the order of the policy.

        Returns:
            Columns ``id``, ``metric``, ``where`` and ``limit`` (in words), ``status`` (``pass``, ``fail``,
            ``inconclusive`` or ``waived``), ``would_be`` (the status without the waiver, None unless waived),
            ``reason``, ``needs`` (what would decide an undecided rule, a sentence a line), and ``measurements`` and
            ``not_decided`` (how many measurements the rule was decided on, and how many were left out as too small).
        """
        from audit.notebook.frames import rule_frame

        return rule_frame(self)

    @property
    def explanation(self) -> shap.Explanation:
        """SHAP values of the rows that ``report.rows`` lets the report show, for ``shap.plots``.

        ``values`` and ``data`` are float64 ``(rows, features)``, ``base_values`` float64 ``(rows,)``, in the unit that
        the check's first note names: by default the log-odds of the favourable outcome. In each row ``base_values``
        and ``values`` add up to the explained output. ``display_data`` holds the values as texts, for labels.

        With ``report: {rows: shown}`` the rows are the explained ones, at most 1,000, and the features the 100 most
        important ones; the SHAP values of all others are summed in one more. With ``masked``, the default, the rows
        are the example rows of the report alone, with 8 features, whose values are ranges: ``data`` then has the
        middle of a range, or its end if it is open. Numbers of masked rows have three significant digits.

        Raises:
            AuditError: the report has no SHAP values of rows: ``report.rows`` is ``none``, the check was not measured,
                the model takes images, or the report was written before it had them.
        """
        from audit.notebook.row_explanation import row_explanation

        return row_explanation(self)

    def save(self, directory: str | Path, formats: Sequence[str] | None = None) -> list[Path]:
        """Write the report into ``directory``, all files or none, as ``audit run --out`` does.

        An older report there moves to ``previous/`` first.

        Args:
            directory: directory of the files; it is made if it does not exist.
            formats: names of the views beside `report.json`, such as ``["html", "junit"]``; those of the policy
                (``report.formats``) if None.

        Returns:
            The files: `report.json`, then the views.

        Raises:
            AuditError: a format is unknown, the verdict does not follow from the measurements, or the directory cannot
                be written.
        """
        from audit.formats.registry import require_formats
        from audit.formats.writing import set_aside, write_and_read

        names = recorded_policy(self).report.formats if formats is None else formats
        names = require_formats([names] if isinstance(names, str) else names, "formats")
        verified(self)  # before an older report is moved
        set_aside(Path(directory))
        return write_and_read(self, Path(directory), verified, names)[1]
