"""`audit checks` and `audit schema`: the installed checks, a check's manual page, and JSON Schemas."""

import json

from audit.check import Check, entry_points


def checks(name: str | None) -> int:
    """Print the list of installed checks, or the manual page of one."""
    if name is None:
        for installed in entry_points.installed():
            print(f"{installed:16} {entry_points.check_class(installed).summary}")
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
        lines += [f"  {name}.{metric}", f"      {facts.about}"]
        if facts.better:
            which = f"nearer to {facts.ideal:g}" if facts.better == "ideal" else facts.better
            lines.append(f"      Against a baseline, {which} is better.")
    return lines


def schema(of: str) -> int:
    """Print a JSON Schema on stdout."""
    from audit.formats.json import report_schema
    from audit.policy.model import Policy

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    content = report_schema() if of == "report" else dialect | Policy.model_json_schema()
    print(json.dumps(content, indent=2))
    return 0
