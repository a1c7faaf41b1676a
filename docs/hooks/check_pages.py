"""A page for each installed check, with what `audit checks NAME --json` prints."""

from __future__ import annotations

from typing import Any

from audit.check import entry_points
from audit.cli.checks import check_facts
from docs.hooks.tables import code, table


def check(name: str) -> str:
    """Return the page of a check: options, metrics, and a rule to copy."""
    facts: Any = check_facts(name, entry_points.check_class(name))
    return "\n\n".join(
        [
            f"# The check `{name}`",
            f"{facts['summary']}. This page is made from the code, like the output of `audit checks {name}`.",
            "## Options",
            _options(facts),
            "## Metrics",
            *(_metric(metric) for metric in facts["metrics"]),
            "## A rule to copy",
            f"```yaml\ngate:\n  rules:\n    - {facts['example']}\n```",
            "",
        ]
    )


def _options(facts: Any) -> str:
    if not facts["options"]:
        return "None."
    rows = [[code(o["name"]), code(o["default"]), o["about"] or ""] for o in facts["options"]]
    return f"Set them under `checks.{facts['name']}`.\n\n" + table(["option", "default", "meaning"], rows)


def _metric(metric: Any) -> str:
    low, high = (None if metric[end] is None else f"{metric[end]:g}" for end in ("low", "high"))
    lines = [
        f"range: {low or 'unbounded below'} to {high or 'unbounded above'}" if low or high else "",
        f"ideal: {metric['ideal']:g}" if metric["ideal"] is not None else "",
        f"keys of `where`: {', '.join(map(code, metric['where']))}" if metric["where"] else "",
        f"against a baseline: {_better(metric)} is better" if metric["better"] else "",
    ]
    listed = "\n".join(f"- {line}" for line in lines if line)
    return f"### `{metric['name']}`\n\n{metric['about']}\n\n{listed}"


def _better(metric: Any) -> str:
    return f"nearer to {metric['ideal']:g}" if metric["better"] == "ideal" else str(metric["better"])
