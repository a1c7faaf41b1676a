"""`audit checks`: what is installed, and each check's manual page."""

from __future__ import annotations

import json

from audit.check import Check, entry_points
from audit.result import MetricFacts


def checks(name: str | None) -> int:
    """Print the list of checks, or the page of one."""
    if name is None:
        for found in entry_points.installed():
            print(f"{found:16} {entry_points.check_class(found).summary}")
        print("\n'audit checks NAME' shows options, defaults and metrics.")
    else:
        print("\n".join(_page(name, entry_points.check_class(name))))
    return 0


def _page(name: str, cls: type[Check]) -> list[str]:
    lines = [f"{name}: {cls.summary}", "", (cls.__doc__ or "").strip(), "", "Options (checks." + name + "):"]
    for option, field in cls.model_fields.items():
        lines.append(f"  {option} = {field.default!r}  {field.description or ''}".rstrip())
    lines += ([] if cls.model_fields else ["  none"]) + ["", "Metrics:"]
    for metric, facts in cls.metrics.items():
        lines += [f"  {name}.{metric}", f"      {facts.about}", *_direction(facts)]
    return lines


def _direction(facts: MetricFacts) -> list[str]:
    if facts.better is None:
        return []
    which = f"nearer to {facts.ideal:g}" if facts.better == "ideal" else facts.better
    return [f"      Against a baseline, {which} is better."]


def schema(of: str) -> int:
    """Print a JSON Schema on stdout."""
    from audit.formats.json import report_schema
    from audit.policy.model import Policy

    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    found = report_schema() if of == "report" else {**head, **Policy.model_json_schema()}
    print(json.dumps(found, indent=2))
    return 0
