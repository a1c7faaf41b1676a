"""The command line that repeats an audit."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date


def command(
    policy: str | None,
    *,
    seed: int,
    on: date,
    only: Sequence[str] = (),
    overrides: Sequence[str] = (),
    instead: Sequence[str] = (),
) -> str:
    """Return an `audit run` line, quoted for a POSIX shell.

    ``instead`` are the options that replace a policy file; without either the line is empty.
    """
    if policy is None and not instead:
        return ""
    words = ["audit", "run", *([policy] if policy is not None else instead)]
    for option, values in (("--set", overrides), ("--only", only)):
        for value in values:
            words += [option, value]
    return shlex.join([*words, "--seed", str(seed), "--date", on.isoformat()])
