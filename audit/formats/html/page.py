"""The HTML report: one file without network access or scripts, rendered from the report alone."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.audit_log.audit_count import in_words
from audit.formats.html.checks import check_views
from audit.formats.html.rules import rule_views
from audit.formats.html.text.long_names import Names
from audit.formats.html.text.metric_facts import confidence
from audit.formats.html.text.numbers import count, number
from audit.formats.html.text.safe_text import clean
from audit.formats.html.verdict import verdict_view
from audit.result import Report

_SHEETS = ("report.css", "sections.css")


def render_html(report: Report) -> str:
    """Return the page for ``report``; equal reports give equal pages.

    The contents of ``report.run`` are in the element ``<section id="run">`` and nowhere else. Text from
    the report is shown as text: markup, template syntax, control and direction characters included.
    """
    templates = _templates()
    rules = rule_views(report)
    page = (
        _environment(templates)
        .get_template("report.html.j2")
        .render(
            report=report,
            # The only text that is not escaped: it is our own file, not the report's.
            style=Markup("".join((templates / sheet).read_text("utf-8") for sheet in _SHEETS)),
            rules=rules,
            verdict=verdict_view(report, rules),
            checks=check_views(report),
            policy=json.dumps(report.policy.effective, indent=2, ensure_ascii=False, default=str),
            confidence=confidence(report),
            history=in_words(report),
            names=Names(),
            number=number,
            count=count,
        )
    )
    return page.rstrip() + "\n"


def _templates() -> Path:
    """Return the folder of the templates: inside this package once installed, else in the checkout."""
    installed = Path(__file__).parent / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "reports" / "templates"


def _environment(templates: Path) -> Environment:
    """Return the environment: everything is escaped, and a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(templates, encoding="utf-8"),
        # Not select_autoescape: it goes by the end of the name and leaves *.html.j2 unescaped.
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_sanitized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _sanitized(value: object) -> object:
    # Markup is what our own macros made, from parts that came through here before.
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
