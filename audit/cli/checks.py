"""`audit checks` and `audit schema`: the installed checks, a check's manual page, and JSON Schemas."""

import json
from collections.abc import Iterator

from audit.check import Check, entry_points
from audit.result import GROUP_KEYS, MetricFacts

_ON_WHERE = """\
Without where, a rule covers the measurement of all rows; a metric that has none, all its measurements.
Keys of groups (attribute, group, unprivileged, privileged) choose only where the rule names one of them;
attribute: "*" is every group."""


def checks(name: str | None, as_json: bool) -> int:
    """Print the list of installed checks, or the manual page of one; with ``as_json`` the facts on the pages."""
    if as_json:
        facts = [check_facts(each, entry_points.check_class(each)) for each in entry_points.installed()]
        print(
            json.dumps(facts if name is None else check_facts(name, entry_points.check_class(name)), indent=2)
        )
    elif name is None:
        for installed in entry_points.installed():
            print(f"{installed:16} {entry_points.check_class(installed).summary}")
        print("\n'audit checks NAME' shows options, defaults, metrics and a rule to copy.")
    else:
        print("\n".join(_page(name, entry_points.check_class(name))))
    return 0


def _page(name: str, cls: type[Check]) -> Iterator[str]:
    yield from [f"{name}: {cls.summary}", "", (cls.__doc__ or "").strip(), "", f"Options (checks.{name}):"]
    for option, field in cls.model_fields.items():
        yield f"  {option} = {field.default!r}  {field.description or ''}".rstrip()
    yield from ([] if cls.model_fields else ["  none"]) + ["", "Metrics:"]
    for metric, facts in cls.metrics.items():
        yield from [f"  {name}.{metric}", f"      {facts.about}"]
        if keys := cls.where_keys.get(metric):
            yield f"      Keys of where: {', '.join(keys)}."
        if facts.better:
            which = f"nearer to {facts.ideal:g}" if facts.better == "ideal" else facts.better
            yield f"      Against a baseline, {which} is better."
    if any(cls.where_keys.values()):
        yield from ["", _ON_WHERE]
    yield from ["", "A rule to copy, under gate.rules:", f"  - {_example(name, cls)}"]


def check_facts(name: str, cls: type[Check]) -> dict[str, object]:
    """Return what is known of a check: summary, options, metrics and a rule to copy."""
    options = cls.model_fields.items()
    return {
        "name": name,
        "summary": cls.summary,
        "options": [{"name": o, "default": field.default, "about": field.description} for o, field in options],
        "metrics": [
            {
                "name": f"{name}.{metric}", "about": facts.about, "better": facts.better, "low": facts.low,
                "high": facts.high, "ideal": facts.ideal, "where": list(cls.where_keys.get(metric, ())),
            }
            for metric, facts in cls.metrics.items()
        ],
        "example": _example(name, cls),
    }  # fmt: skip


def _example(name: str, cls: type[Check]) -> str:
    """Return a rule on the check; where it gives none, on its first metric, with the best value as the limit."""
    if cls.example:
        return cls.example
    metric, facts = next(iter(cls.metrics.items()))
    grouped = not GROUP_KEYS.isdisjoint(cls.where_keys.get(metric, ()))
    where = 'where: {attribute: "*"}, ' if grouped else ""
    return f"{{metric: {name}.{metric}, {where}{_limit(facts)}}}"


def _limit(facts: MetricFacts) -> str:
    if facts.better == "lower":
        return f"at_most: {facts.high if facts.high is not None else facts.ideal or 0.0:g}"
    if facts.better == "ideal" and facts.ideal == 0:
        return "within: 0.1"
    return f"at_least: {facts.low if facts.low is not None else facts.ideal or 0.0:g}"


def schema(of: str) -> int:
    """Print a JSON Schema on stdout."""
    from audit.attestation.schema import attestation_schema
    from audit.formats.json import report_schema
    from audit.policy.model import Policy

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schemas = {
        "policy": lambda: dialect | Policy.model_json_schema(),
        "report": report_schema,
        "attestation": attestation_schema,
    }
    print(json.dumps(schemas[of](), indent=2))
    return 0
