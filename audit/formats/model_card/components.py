"""The components of a CycloneDX document: the model, its baseline, the data, and the software that measured."""

from collections.abc import Iterator
from pathlib import PurePath

from audit.formats.model_card.card import model_card
from audit.formats.model_card.fields import Record, hashes, name, package_url, party, present, properties
from audit.result import ModelFacts, Report

_NOT_SOFTWARE = frozenset(("audit", "machine", "system", "seed", "date"))
_PLATFORM = "python"


def audited_model(report: Report) -> Record:
    """Return the audited model with its card, and the verdict among its properties."""
    words = report.about
    described = _model("model", report.model)
    if "name" in words:
        described["name"] = name(words["name"])
    return present(
        {
            **described,
            "supplier": party(words["owner"]) if "owner" in words else {},
            "externalReferences": [{"type": "quality-metrics", "url": "report.json"}],
            "modelCard": model_card(report),
            "properties": [*properties(_verdict(report)), *_identity(report.model)],
        }
    )


def others(report: Report) -> list[Record]:
    """Return the data, the reference rows and the baseline."""
    data = report.data
    facts = (
        *(("data:path", data.path), ("data:digest", data.digest), ("data:label", data.label)),
        *(("data:rows", data.rows), ("data:distinct-rows", data.distinct_rows)),
    )
    groups = [name(group.attribute) for group in data.groups]
    listed = [_dataset("data", data.path, data.digest, groups) | {"properties": properties(facts)}]
    if data.background:
        listed.append(_dataset("background", data.background.path, data.background.digest, groups))
    if report.baseline:
        listed.append(_model("baseline", report.baseline) | {"properties": _identity(report.baseline)})
    return listed


def tools(report: Report) -> list[Record]:
    """Return the software that measured, which is no part of the model."""
    version = report.environment.get("audit", "")
    tool = present({"type": "application", "name": "savedmodel-audit", "version": name(version)})
    return [tool, *_libraries(report)]


def _libraries(report: Report) -> Iterator[Record]:
    for package, version in report.environment.items():
        if package not in _NOT_SOFTWARE:
            kind = "platform" if package == _PLATFORM else "library"
            url = None if package == _PLATFORM else package_url(package, str(version))
            yield present({"type": kind, "name": name(package), "version": name(version), "purl": url})


def _model(ref: str, facts: ModelFacts) -> Record:
    return present(
        {
            "type": "machine-learning-model",
            "bom-ref": ref,
            "name": _last_part(facts.path, "model"),
            "hashes": hashes(facts.digest),
        }
    )


def _identity(facts: ModelFacts) -> list[Record]:
    return properties(
        (("model:path", facts.path), ("model:digest", facts.digest), ("model:signature", facts.signature))
    )


def _dataset(ref: str, path: str, digest: str, attributes: list[str]) -> Record:
    title = _last_part(path, ref)
    content = present({"type": "dataset", "name": title, "sensitiveData": attributes})
    return present(
        {"type": "data", "bom-ref": ref, "name": title, "hashes": hashes(digest), "data": [content]}
    )


def _last_part(path: str, otherwise: str) -> str:
    return name(PurePath(path).name or otherwise)


def _verdict(report: Report) -> Iterator[tuple[str, object]]:
    """Yield what was decided, and by what: the verdict is that of the whole policy."""
    yield from (("verdict", report.verdict), ("reason", report.reason), ("superseded", report.superseded))
    yield from (("decision-version", report.decision_version), ("policy:digest", report.policy.digest))
    yield from (("policy:path", report.policy.path), ("command", report.policy.command))
    yield from ((key, report.environment.get(key)) for key in sorted(_NOT_SOFTWARE))
    for check in report.checks:
        if check.status != "measured":
            yield "check", f"{check.status}: {check.name}: {check.reason or 'no reason is recorded'}"
    yield from (("warning", warning) for warning in report.warnings)
