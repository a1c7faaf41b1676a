"""Shell completion: the script for each shell, its installation, and the answers to what a shell asks."""

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from audit.errors import AuditError

SHELLS = ("bash", "zsh", "fish")
OPTIONS = ("--install-completion", "--show-completion")

_VARIABLE = "_AUDIT_COMPLETE"
_PROGRAM = "audit"
_THIS_SHELL = "this"


def with_shell(arguments: Sequence[str]) -> list[str]:
    """Return the ``arguments`` of a command line with the shell of an option that leaves it open."""
    return [*arguments, _THIS_SHELL] if len(arguments) == 1 and arguments[0] in OPTIONS else [*arguments]


def is_asked() -> bool:
    """Whether a shell runs this process for completions, by its script."""
    return _VARIABLE in os.environ


def answer(app: typer.Typer) -> int:
    """Print what may stand at the cursor and return the exit code that the shell's script expects."""
    from typer.completion import completion_init  # type: ignore[attr-defined]  # what registers the shells

    completion_init()
    try:
        app(args=[], prog_name=_PROGRAM, standalone_mode=False)
    except SystemExit as error:  # how typer ends
        return error.code if isinstance(error.code, int) else 0
    return 0


def show(shell: str | None) -> None:
    """Print a shell's script, to be read by that shell.

    Raises:
        AuditError: the shell is not known.
    """
    if shell is None:
        return
    print(_script(_known(shell, "--show-completion")))
    raise typer.Exit


def install(shell: str | None) -> None:
    """Write a shell's script to where that shell reads it.

    Raises:
        AuditError: the shell is not known, or the home directory cannot be written.
    """
    if shell is None:
        return
    from typer.completion import install as write  # type: ignore[attr-defined]

    name = _known(shell, "--install-completion")
    try:
        _, path = write(shell=name, prog_name=_PROGRAM, complete_var=_VARIABLE)
        path.write_text(f"{_script(name)}\n")
    except OSError as error:
        raise AuditError(
            where="--install-completion",
            expected="a home directory that can be written",
            found=f"{error.filename}: {error.strerror}",
            fix=f"put what 'audit --show-completion {name}' prints where {name} reads it",
        ) from None
    print(f"Completion for {name} is in {path}; it works in the next terminal.")
    raise typer.Exit


def check_names(incomplete: str) -> list[str]:
    """Return the names of installed checks that begin so; no check is imported."""
    from importlib.metadata import entry_points

    return sorted(e.name for e in entry_points(group="audit.checks") if e.name.startswith(incomplete))


def format_names(incomplete: str) -> list[str]:
    """Return the names of report formats that begin so."""
    from audit.formats.registry import FORMATS  # late: of all commands, few name a format

    return [name for name in FORMATS if name.startswith(incomplete)]


def _script(shell: str) -> str:
    """Return typer's script; zsh, which reads its file when it first completes, then completes as well."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script: str = get_completion_script(prog_name=_PROGRAM, complete_var=_VARIABLE, shell=shell)
    definition = f"compdef _{_PROGRAM}_completion {_PROGRAM}"
    completing = (
        f'if [ "$funcstack[1]" = "_{_PROGRAM}" ]; then _{_PROGRAM}_completion "$@"; else {definition}; fi'
    )
    return script.replace(f"\n{definition}", f"\n{completing}") if shell == "zsh" else script


def _known(shell: str, where: str) -> str:
    """Return the name of a shell, found out if it is left open."""
    name = _running_shell() if shell == _THIS_SHELL else shell
    if name in SHELLS:
        return name
    raise AuditError(
        where=where,
        expected=f"one of the shells {', '.join(SHELLS)}",
        found=repr(name) if name else "no shell above this process",
        fix=f"name it, as in '{where} bash'",
    )


def _running_shell() -> str:
    """Return the name of the shell that this process runs in, else of the user's login shell; empty if unknown."""
    from typer.completion import _get_shell_name  # type: ignore[attr-defined]

    return _get_shell_name() or Path(os.environ.get("SHELL", "")).name
