"""The files that a run leaves: the JSON, and what is rendered from it alone."""

from __future__ import annotations

from pathlib import Path

from audit.output import write_whole
from audit.render.html import render_html
from audit.result import Report
from audit.serial import to_json


def write_reports(report: Report, folder: Path) -> list[Path]:
    """Write every format of ``report`` into ``folder``, all or none, and return the files, the HTML last."""
    return write_whole(folder, {"report.json": to_json(report), "report.html": render_html(report)})
