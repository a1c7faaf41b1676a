"""The summary for machines, as `--json` prints it: the verdict, each rule, and where everything is."""

import json
from collections.abc import Iterable
from pathlib import Path

from audit.cli.exit_codes import VERDICTS
from audit.formats.json import to_plain
from audit.result import Decision, Measurement, Report, RuleResult

_OF_MEASUREMENT = ("where", "value", "ci", "n")
_OF_RULE = ("id", "metric", "where", "limit", "status", "would_be", "reason", "needs", "waiver")


def json_summary(
    decision: Decision | Report, report: Report, files: list[Path], notes: Iterable[str] = ()
) -> str:
    """Return the summary as JSON text.

    Args:
        decision: the verdict and the rules, of this report or of another policy.
        report: the report that was decided on.
        files: the report's files, the JSON first.
        notes: further warnings, on the verdict that the report itself holds.
    """
    content = {
        "verdict": decision.verdict,
        "exit_code": VERDICTS[decision.verdict],
        "reason": decision.reason,
        "rules": [_rule(rule) for rule in decision.rules],
        "checks": [{"name": c.name, "status": c.status, "reason": c.reason} for c in report.checks],
        "warnings": [*notes, *report.warnings],
        **{name: _file(getattr(report, name)) for name in ("model", "data", "policy")},
        "files": [str(file) for file in files],
    }
    return json.dumps(content, indent=2)


def _rule(rule: RuleResult) -> dict[str, object]:
    content = {name: getattr(rule, name) for name in _OF_RULE}
    lists = {"measurements": rule.measurements, "not_decided": rule.not_decided}
    return content | {name: [_measurement(m) for m in measurements] for name, measurements in lists.items()}


def _measurement(measurement: Measurement) -> dict[str, object]:
    content = to_plain(measurement)
    assert isinstance(content, dict)
    return {name: content[name] for name in _OF_MEASUREMENT}


def _file(facts: object) -> dict[str, object]:
    return {"path": getattr(facts, "path", None), "digest": getattr(facts, "digest", None)}
