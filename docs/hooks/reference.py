"""The pages of reference that are made from code, by their path in the site."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from audit.check import entry_points
from docs.hooks import check_pages, command_pages, schema_pages

REFERENCE: dict[str, Callable[[], str]] = {
    "reference/policy-keys.md": schema_pages.policy,
    "reference/report-fields.md": schema_pages.report,
    "reference/commands.md": command_pages.commands,
    **{f"reference/{name}.md": partial(check_pages.check, name) for name in entry_points.installed()},
}
