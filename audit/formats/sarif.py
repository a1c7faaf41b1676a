"""`results.sarif` (SARIF 2.1.0): the rules that keep a model from passing, at their lines in the policy file.

A rule that holds has no result: code scanning on GitHub shows every result as an alert, whatever its ``kind`` is. An
undecided rule has the kind fail and the level warning, since all other kinds must have the level none, as if it held.
"""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from audit.formats.issues import CRASHED, VERDICT, Issue, Kind, crash_text, issues, policy_path
from audit.formats.metric_links import link_of
from audit.formats.rule_claim import rule_title
from audit.formats.rule_outcome import needs
from audit.formats.rule_text import one_line, sentence, waiver
from audit.formats.text import margins
from audit.formats.text.metric_facts import facts_of, how_to_read
from audit.formats.text.safe_text import brief, clean, elide
from audit.result import AUDITS, Report, RuleResult, Verdict

EXIT_CODES: Mapping[Verdict, int] = {"pass": 0, "fail": 1, "inconclusive": 3}
"""Exit code of an audit by its verdict, as the command line returns it."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # what no path of a file system decodes to
_ROOT = "%SRCROOT%"
_LEVELS: dict[Kind, str] = {
    "fail": "error",
    "inconclusive": "warning",
    "waived": "note",
    "crashed": "error",
    "verdict": "error",
}
_DECIDED = (
    "A rule holds if the whole interval of each value that it covers lies inside the limit, and fails if one lies "
    "outside after Holm's correction; else it is undecided."
)
_MAX_DESCRIPTION = 1024  # GitHub's limit
_MAX_NAME = 255
_ABOUT_OTHERS = {
    CRASHED: "A check of the audit crashed, so that its rules could not be decided.",
    VERDICT: "The verdict of the audit is not a pass, and no single rule or check says why.",
}
_ABOUT_AUDITS = "Number of different audits of the same rows: with enough of them, one passes by luck."

Json = dict[str, object]


def render(report: Report) -> str:
    """Return ``report`` as the text of a SARIF file with one run."""
    listed = issues(report)
    ids = _ids(report, listed)
    run: Json = {
        "tool": {"driver": _driver(report, ids)},
        "automationDetails": {"id": f"savedmodel-audit/{_quoted(policy_path(report))}/"},
        "originalUriBaseIds": {_ROOT: {"description": _text("The directory in which the audit ran.")}},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(issue, report, ids) for issue in listed],
        "properties": _properties(report),
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _ids(report: Report, listed: list[Issue]) -> dict[tuple[bool, str], str]:
    """Return the id of each rule of the policy, passed ones included, then of what has no rule, all different.

    The keys are whether it is a rule, and its id in the report.
    """
    others = [(False, issue.id) for issue in listed if issue.rule is None]
    ids: dict[tuple[bool, str], str] = {}
    for key in dict.fromkeys([*((True, rule.id) for rule in report.rules), *others]):
        id = clean(key[1])
        while id in ids.values():
            id += "+"
        ids[key] = id
    return ids


def _driver(report: Report, ids: Mapping[tuple[bool, str], str]) -> Json:
    version = clean(str(report.environment.get("audit", "unknown")))
    rules = [{"id": ids[True, rule.id], **_descriptor(rule, report)} for rule in report.rules]
    others = [
        {
            "id": id,
            "name": key,
            "shortDescription": _text(_ABOUT_OTHERS[key]),
            "help": _text(_ABOUT_OTHERS[key]),
        }
        for (is_rule, key), id in ids.items()
        if not is_rule
    ]
    return {"name": "savedmodel-audit", "version": version, "rules": rules + others}


def _descriptor(rule: RuleResult, report: Report) -> Json:
    facts = facts_of(rule.metric, report.checks)
    about = how_to_read(facts) or (_ABOUT_AUDITS if rule.metric == AUDITS else "")
    title = sentence(f"{rule_title(rule)} must be {margins.in_words(rule.limit)}")
    link = link_of(rule.metric, facts)
    return {
        "name": elide(rule.metric, _MAX_NAME),
        "shortDescription": _text(elide(title, _MAX_DESCRIPTION)),
        "fullDescription": _text(elide(about or title, _MAX_DESCRIPTION)),
        "help": _text("\n".join([title, *([about] if about else []), _DECIDED])),
        "defaultConfiguration": {"level": "error"},
        **({"helpUri": link} if link else {}),
    }


def _result(issue: Issue, report: Report, ids: Mapping[tuple[bool, str], str]) -> Json:
    key = (issue.rule is not None, issue.id)
    place = {"artifactLocation": _artifact(policy_path(report)), "region": {"startLine": issue.line}}
    return {
        "ruleId": ids[key],
        "ruleIndex": list(ids).index(key),
        "kind": "fail",
        "level": _level(issue, report),
        "message": _text(" ".join([issue.text, *(needs(issue.rule) if issue.rule else [])])),
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"auditIssue/v1": issue.fingerprint},
        "properties": {"status": issue.rule.status if issue.rule else issue.kind},
        **({"suppressions": [_suppression(issue.rule)]} if issue.rule and issue.kind == "waived" else {}),
    }


def _suppression(rule: RuleResult) -> Json:
    # No status: it is "status" in the standard and "state" in an earlier schema; accepted is the default of both.
    return {"kind": "external", "justification": sentence(waiver(rule))}


def _level(issue: Issue, report: Report) -> str:
    undecided = issue.kind == "verdict" and report.verdict == "inconclusive"
    return "warning" if undecided else _LEVELS[issue.kind]


def _artifact(path: str) -> Json:
    """Return a file's location: below the root of the sources, or as a file URI if the path is absolute."""
    uri = _quoted(path)
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _quoted(path: str) -> str:
    """Return a path percent-encoded, with the bytes of a name that is no UTF-8."""
    return quote(_LONE.sub("\ufffd", path).encode("utf-8", "surrogateescape"))


def _invocation(report: Report) -> Json:
    """Return how the audit ended; it did not execute successfully if a check crashed."""
    return {
        "commandLine": clean(report.policy.command),
        "exitCode": EXIT_CODES[report.verdict],
        "exitCodeDescription": f"{report.verdict}: {one_line(report.reason)}",
        "executionSuccessful": all(check.status != "crashed" for check in report.checks),
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: Report) -> Iterator[Json]:
    for check in report.checks:
        if check.status == "crashed":
            yield {"level": "error", "message": _text(crash_text(check))}
        elif check.status == "skipped":
            text = f"the check {brief(check.name)} was skipped: {check.reason}"
            yield {"level": "note", "message": _text(sentence(text))}
    for warning in [*([report.superseded] if report.superseded else []), *report.warnings]:
        yield {"level": "warning", "message": _text(sentence(warning))}


def _properties(report: Report) -> Json:
    named = {
        "verdict": report.verdict,
        "reason": report.reason,
        "modelDigest": report.model.digest,
        "dataDigest": report.data.digest,
        "policyDigest": report.policy.digest,
    }
    return {key: clean(value) for key, value in named.items()}


def _text(text: str) -> Json:
    """Return a message in which no name from outside is a link or a placeholder: braces are doubled, as SARIF asks."""
    plain = clean(text).replace("{", "{{").replace("}", "}}")
    return {"text": plain.replace("](", "] (")}
