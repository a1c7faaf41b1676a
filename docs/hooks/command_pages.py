"""The page of all commands, with the usage, the text and the options that `--help` shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from audit.cli.app import app
from docs.hooks.tables import prose, table

HEADER = ["argument or option", "meaning"]


def commands() -> str:
    """Return the page: usage, text, arguments and options of every command."""
    group: Any = typer.main.get_command(app)
    intro = "This page is made from the code, like the output of `audit --help`."
    pages = [_command(name, command) for name, command in group.commands.items() if not command.hidden]
    return "\n\n".join(["# Commands and options", f"{intro} {group.epilog}", *pages, ""])


def _command(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=f"audit {name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", prose(command.help or ""))
    return "\n\n".join(
        [f"## `audit {name}`", text, f"```text\n{usage}\n```", table(HEADER, _rows(command, context))]
    )


def _rows(command: Any, context: Any) -> Iterator[list[str]]:
    """Yield the lines of `--help`."""
    for parameter in command.params:
        name, text = parameter.get_help_record(context)
        yield [f"`{name}`", text.strip()]
