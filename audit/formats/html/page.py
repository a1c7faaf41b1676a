"""The HTML report: one file without network access or scripts, rendered from the report alone."""

from __future__ import annotations

import json

from markupsafe import Markup

from audit.audit_log.audit_count import in_words
from audit.formats.html.checks import check_views
from audit.formats.html.jinja import environment
from audit.formats.html.rules import rule_views
from audit.formats.html.text import numbers as figures
from audit.formats.html.text.long_names import Names
from audit.formats.html.text.metric_facts import confidence
from audit.formats.html.verdict import verdict_view
from audit.result import Report


def render_html(report: Report) -> str:
    """Return the page for ``report``; equal reports give equal pages.

    The contents of ``report.run`` are in the element ``<section id="run">`` and nowhere else. Text from
    the report is shown as text: markup, template syntax, control and direction characters included.
    """
    jinja = environment()
    sheets = ("report.css", "sections.css")
    source = "".join(jinja.loader.get_source(jinja, sheet)[0] for sheet in sheets) if jinja.loader else ""
    rules = rule_views(report)
    page = jinja.get_template("report.html.j2").render(
        report=report,
        # The only text that is not escaped: it is our own file, not the report's.
        style=Markup(source),
        rules=rules,
        verdict=verdict_view(report, rules),
        checks=check_views(report),
        policy=json.dumps(report.policy.effective, indent=2, ensure_ascii=False, default=str),
        confidence=confidence(report),
        history=in_words(report),
        names=Names(),
        number=figures.number,
        count=figures.count,
    )
    return page.rstrip() + "\n"
