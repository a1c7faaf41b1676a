"""The audit itself in `summary.md`: its model, data and policy with their digests, and what to keep in mind."""

from collections.abc import Iterator

from audit.audit_log.audit_count import audit_number_in_words
from audit.errors import quote_list
from audit.formats.metric_links import link_of
from audit.formats.text.markdown_text import code, link, prose, table_row
from audit.formats.text.metric_facts import confidence, facts_of, turned_off
from audit.formats.text.safe_text import clean
from audit.result import Report

FACTS_HEAD = "| | |\n|---|---|"
"""The head of the table whose rows `facts` makes."""

_ABOUT = {"owner": "Owner", "intended_use": "Intended use", "limitations": "Limitations"}


def subject(report: Report) -> str:
    """Return in one line which model was measured on which rows."""
    name = report.about.get("name")
    model = f"{prose(name, 96)} ({code(report.model.path)})" if name else code(report.model.path)
    return f"{model}, measured on {report.data.rows:,} rows of {code(report.data.path)}."


def facts(report: Report) -> list[str]:
    """Return the table rows that identify model, data and policy, and say what the model is for."""
    data = report.data
    policy = report.policy
    rows = [("Model", code(report.model.path), report.model.digest)]
    if report.baseline:
        rows.append(("Baseline", code(report.baseline.path), report.baseline.digest))
    rows.append(
        ("Data", f"{code(data.path)}, {data.rows:,} rows, {data.distinct_rows:,} distinct", data.digest)
    )
    if data.background:
        rows.append(("Reference rows", code(data.background.path), data.background.digest))
    rows.append(("Policy", code(policy.path) if policy.path else "no file", policy.digest))
    return [
        *(table_row(_ABOUT[key], prose(text)) for key, text in report.about.items() if key in _ABOUT),
        *(table_row(name, f"{path}, {code(digest)}") for name, path, digest in rows),
        table_row("Confidence", prose(confidence(report))),
        table_row("Versions", _versions(report)),
    ]


def _versions(report: Report) -> str:
    return prose(", ".join(f"{name} {value}" for name, value in report.environment.items()))


def definitions(report: Report) -> list[str]:
    """Return a link for each metric of a rule to the page that defines it."""
    addresses = {
        rule.metric: link_of(clean(rule.metric), facts_of(rule.metric, report.checks))
        for rule in report.rules
    }
    return [f"- {link(metric, address)}" for metric, address in addresses.items() if address]


def remarks(report: Report) -> Iterator[str]:
    """Yield sentences to keep in mind when the verdict is read, the report's warnings first."""
    yield from report.warnings
    yield from filter(None, [report.other_date])
    if report.policy.default_rules:
        yield "The policy has no rules of its own: the default rules are starting points, not a standard for this case."
    for start, names in (
        ("The policy turns off and does not measure", turned_off(report)),
        ("The policy allows operations that are refused by default:", report.model.allowed_operations),
        ("The policy imports packages of operations:", report.model.imports),
        ("Columns that are no features:", report.data.left_out),
    ):
        if names:
            yield f"{start} {quote_list(names)}."
    if history := audit_number_in_words(report):
        yield history
