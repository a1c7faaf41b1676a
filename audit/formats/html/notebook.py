"""Verdict and rules as an output of a notebook: a frame that holds a whole small page."""

from markupsafe import Markup, escape

from audit.formats.html.environment import Names, environment, style
from audit.formats.html.rules import rule_views
from audit.formats.html.verdict import verdict_view
from audit.formats.text.metric_facts import confidence
from audit.formats.text.safe_text import clean
from audit.result import Report

_FRAME = Markup(
    '<div><p>{caption}</p>\n<iframe title="Audit report" sandbox="" srcdoc="{page}" style="display: block; width: 100%;'
    ' height: 40rem; resize: vertical; border: 1px solid #8888; border-radius: 6px"></iframe></div>\n'
)
"""The page's styles end at the frame, and ``sandbox`` denies it scripts, forms and links out, whatever is in it."""


def render_frame(report: Report, caption: str) -> str:
    """Return verdict and rules, with their charts, as HTML to insert into a notebook.

    Args:
        report: report to show.
        caption: sentence above the frame, which remains where a viewer of notebooks removes frames.
    """
    return str(_FRAME.format(caption=clean(caption), page=escape(render_page(report))))


def render_page(report: Report) -> str:
    """Return the page inside the frame; text from the report is shown as text, as in `render_html`."""
    rules = rule_views(report)
    template = environment().get_template("notebook.html.j2")
    return template.render(
        report=report,
        style=style(),
        rules=rules,
        verdict=verdict_view(report, rules),
        confidence=confidence(report),
        names=Names(),
    )
