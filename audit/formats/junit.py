"""`junit.xml`: a suite for each check and a case for each rule, for the test views of CI systems.

Valid by the schema of Jenkins' xUnit plug-in (junit-10.xsd, the one that pytest's own files are tested with), which
allows no properties outside of suites, and no file or line.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple
from xml.etree import ElementTree as ET

from audit.formats.issues import crash_text, unexplained, verdict_text
from audit.formats.rule_outcome import details, outcome
from audit.formats.rule_text import sentence
from audit.formats.text.safe_text import clean
from audit.result import CheckResult, Report, RuleResult, RuleStatus

Result = Literal["passed", "failure", "error", "skipped"]

_RESULTS: dict[RuleStatus, Result] = {
    "pass": "passed",
    "fail": "failure",
    "inconclusive": "error",  # it blocks as a failure does, and is none: nobody knows
    "waived": "skipped",
}
_GATE = "gate"


class Case(NamedTuple):
    """A test case: its result in JUnit's words, a sentence, and the lines below it."""

    name: str
    result: Result
    status: str
    message: str
    lines: Sequence[str] = ()


def render(report: Report) -> str:
    """Return ``report`` as the text of a JUnit XML file; its counts are those of a success only for a pass."""
    suites = _suites(report)
    root = _element(
        "testsuites", name="audit", **_counts([case for cases in suites.values() for case in cases])
    )
    root.extend(_suite(name, cases, report) for name, cases in suites.items())
    ET.indent(root, " ")
    return '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suites(report: Report) -> dict[str, list[Case]]:
    """Return the cases of each suite by its name: the checks, then what rules are about besides."""
    suites: dict[str, list[Case]] = {}
    for check in report.checks:
        suites.setdefault(check.name, []).extend(_of_check(check, report))
    for rule in report.rules:
        suites.setdefault(_check_of(rule), []).append(_of_rule(rule, report))
    if unexplained(report):
        result: Result = "failure" if report.verdict == "fail" else "error"
        case = Case("verdict", result, report.verdict, verdict_text(report))
        suites.setdefault(_GATE, []).append(case)
    return suites


def _of_check(check: CheckResult, report: Report) -> Iterator[Case]:
    """Yield the case of a check that did not measure; one that was skipped stands in its rules' cases, if any."""
    name = f"the check {check.name}"
    if check.status == "crashed":
        yield Case(name, "error", check.status, crash_text(check))
    elif check.status == "skipped" and check.name not in map(_check_of, report.rules):
        yield Case(name, "skipped", check.status, sentence(f"{name} was skipped: {check.reason}"))


def _of_rule(rule: RuleResult, report: Report) -> Case:
    return Case(rule.id, _RESULTS[rule.status], rule.status, outcome(rule, report), details(rule, report))


def _check_of(rule: RuleResult) -> str:
    return rule.metric.partition(".")[0]


def _suite(name: str, cases: Sequence[Case], report: Report) -> ET.Element:
    suite = _element("testsuite", name=name, **_counts(cases), **_skipped(cases), **_times(name, report))
    properties = ET.SubElement(suite, "properties")
    properties.extend(
        _element("property", name=key, value=value) for key, value in _properties(report).items()
    )
    suite.extend(_case(name, case) for case in cases)
    return suite


def _case(suite: str, case: Case) -> ET.Element:
    element = _element("testcase", name=case.name, classname=suite)
    lines = "\n".join([case.message, *case.lines])
    if case.result == "passed":
        element.append(_element("system-out", lines))
    else:
        element.append(_element(case.result, lines, type=case.status, message=case.message))
    return element


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    results = Counter(case.result for case in cases)
    return {
        "tests": str(len(cases)),
        "failures": str(results["failure"]),
        "errors": str(results["error"]),
    }


def _skipped(cases: Sequence[Case]) -> dict[str, str]:
    return {"skipped": str(sum(case.result == "skipped" for case in cases))}


def _times(name: str, report: Report) -> dict[str, str]:
    """Return the seconds that a check took, if the report says so, and the time that the audit started."""
    seconds = report.run.get("seconds")
    spent = seconds.get(name) if isinstance(seconds, dict) else None
    known = isinstance(spent, int | float) and math.isfinite(spent) and 0 <= spent < 1e9
    return {"timestamp": str(report.run.get("started"))} | ({"time": f"{spent:.3f}"} if known else {})


def _properties(report: Report) -> dict[str, str]:
    """Return what identifies the audit: test views show suites one by one, so that each has it."""
    properties = {
        "verdict": report.verdict,
        "reason": report.reason,
        "command": report.policy.command,
        "model_digest": report.model.digest,
        "data_digest": report.data.digest,
        "policy_digest": report.policy.digest,
    }
    return properties | ({"superseded": report.superseded} if report.superseded else {})


def _element(tag: str, text: str = "", /, **attributes: str) -> ET.Element:
    """Return an element; of names from outside, what XML forbids or what hides other text is written as escapes."""
    element = ET.Element(tag, {key: clean(value) for key, value in attributes.items()})
    element.text = clean(text) or None
    return element
