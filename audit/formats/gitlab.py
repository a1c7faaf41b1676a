"""`gl-code-quality.json`: the rules that keep a model from passing, for GitLab's merge requests.

A list of the issues of the Code Climate format, with those fields only that GitLab documents for code quality reports.
"""

import json

from audit.formats.issues import Issue, Kind, issues, notices, policy_path
from audit.formats.text.safe_text import clean, elide
from audit.result import Report

_SEVERITY: dict[Kind, str] = {
    "fail": "blocker",
    "crashed": "critical",
    "inconclusive": "major",  # it blocks, too; whether there is a fault is unknown
    "verdict": "critical",
    "waived": "info",
    "superseded": "info",
}
_MAX_NAME = 255  # a name that is longer is cut in the middle: fingerprints tell issues apart


def render(report: Report) -> str:
    """Return ``report`` as GitLab's code quality report: all of it of severity info only for a pass."""
    path = clean(policy_path(report))
    entries = [_entry(issue, path) for issue in [*issues(report), *notices(report)]]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def _entry(issue: Issue, path: str) -> dict[str, object]:
    return {
        "description": issue.text,
        "check_name": elide(issue.id, _MAX_NAME),
        "fingerprint": issue.fingerprint,
        "severity": _SEVERITY[issue.kind],
        "location": {"path": path, "lines": {"begin": issue.line}},
    }
