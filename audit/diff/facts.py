"""Facts of model, baseline, data, checks and environment that differ between two reports."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Literal

from audit.diff.records import AuditSummary, FactChange
from audit.result import CheckResult, DataFacts, ModelFacts, Report

Facts = dict[str, object]
Section = Literal["model", "baseline", "data", "checks", "environment"]

_MODEL = ("path", "digest", "signature", "differentiable", "columns", "allowed_operations", "imports")
_DATA = (
    "path",
    "digest",
    "rows",
    "distinct_rows",
    "label",
    "favorable",
    "left_out",
    "copies",
    "repeats_left_out",
)


def summary_of(report: Report) -> AuditSummary:
    """Return what identifies an audit, with its verdict."""
    environment = report.environment
    return AuditSummary(
        verdict=report.verdict,
        reason=report.reason,
        model=report.model.path,
        model_digest=report.model.digest,
        data=report.data.path,
        data_digest=report.data.digest,
        rows=report.data.rows,
        policy_digest=report.policy.digest,
        seed=environment.get("seed"),
        date=environment.get("date"),
        version=environment.get("audit"),
        superseded=report.superseded,
    )


def fact_changes(old: Report, new: Report) -> list[FactChange]:
    """Return the facts that differ, in the order of the report."""
    sections: list[tuple[Section, Facts, Facts]] = [
        ("model", _of_model(old.model), _of_model(new.model)),
        ("baseline", _of_model(old.baseline), _of_model(new.baseline)),
        ("data", _of_data(old.data, new.data), _of_data(new.data, old.data)),
        ("checks", _of_checks(old.checks, new), _of_checks(new.checks, old)),
        ("environment", _of_environment(old), _of_environment(new)),
    ]
    return [change for section in sections for change in _differences(*section)]


def _differences(
    section: Section, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[FactChange]:
    for name in dict.fromkeys([*old, *new]):
        before = old.get(name)
        after = new.get(name)
        if type(before) is not type(after) or before != after:
            yield FactChange(section=section, name=name, old=before, new=after)


def _of_model(model: ModelFacts | None) -> Facts:
    if model is None:
        return {}
    output = model.output
    inputs = {f"input {tensor.name}": f"{tensor.dtype} {tensor.shape}" for tensor in model.inputs}
    facts = {name: getattr(model, name) for name in _MODEL}
    return facts | inputs | {"output": f"{output.name} ({output.kind})", "classes": output.classes}


def _of_data(data: DataFacts, other: DataFacts) -> Facts:
    """Return the facts of the data; of groups, those that both reports have."""
    shared = {(group.attribute, name) for group in other.groups for name in group.rows}
    facts = {name: getattr(data, name) for name in _DATA}
    background = asdict(data.background) if data.background else {}
    groups = {
        f"rows of {group.attribute}: {name}": rows
        for group in data.groups
        for name, rows in group.rows.items()
        if (group.attribute, name) in shared
    }
    attributes = {group.attribute for group in other.groups}
    privileged = {
        f"privileged of {group.attribute}": group.privileged
        for group in data.groups
        if group.attribute in attributes
    }
    return facts | {f"background {name}": value for name, value in background.items()} | privileged | groups


def _of_checks(checks: list[CheckResult], other: Report) -> Facts:
    """Return the status of each check that both reports have; of one that did not measure, with the reason."""
    names = {check.name for check in other.checks}
    return {
        check.name: f"{check.status}: {check.reason}" if check.reason else check.status
        for check in checks
        if check.name in names
    }


def _of_environment(report: Report) -> Facts:
    versions: Facts = {"decision_version": report.decision_version, "schema_version": report.schema_version}
    return dict(report.environment) | versions
