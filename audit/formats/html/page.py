"""The HTML report: one file that requests nothing, rendered from the report alone."""

import json

from audit.audit_log.audit_count import audit_number_in_words
from audit.formats.html.checks import check_views
from audit.formats.html.environment import Names, environment, script, script_hash, style
from audit.formats.html.rules import rule_views
from audit.formats.html.verdict import verdict_view
from audit.formats.text.metric_facts import confidence
from audit.result import Report


def render_html(report: Report) -> str:
    """Return ``report`` as the text of an HTML page; equal reports give equal pages.

    The contents of ``report.run`` are in the element ``<section id="run">`` and nowhere else. Text from
    the report is shown as text: markup, template syntax, control and direction characters included.
    """
    rules = rule_views(report)
    template = environment().get_template("report.html.j2")
    page = template.render(
        report=report,
        style=style(),
        script=script(),
        script_hash=script_hash(),
        rules=rules,
        verdict=verdict_view(report, rules),
        checks=check_views(report),
        policy=json.dumps(report.policy.effective, indent=2, ensure_ascii=False, default=str),
        confidence=confidence(report),
        history=audit_number_in_words(report),
        names=Names(),
    )
    return page.rstrip() + "\n"
