"""`audit validate`: checks policies without their models and data, as before a commit or a training."""

import sys
from collections.abc import Sequence
from pathlib import Path

from audit.check import load_policy
from audit.cli.exit_codes import COULD_NOT_AUDIT, PASS
from audit.cli.plain_text import plain
from audit.errors import AuditError

_MAX_CHARACTERS = 2000


def validate(policies: Sequence[Path], quiet: bool) -> int:
    """Print one line for each valid policy and the error of each other; return 2 if there is one."""
    return max((_validate(policy, quiet) for policy in policies), default=PASS)


def _validate(policy: Path, quiet: bool) -> int:
    try:
        rules = load_policy(policy).gate.rules or ()
    except AuditError as error:
        inside = error if error.where.startswith(str(policy)) else error.within(str(policy))
        first, *others = (plain(line, _MAX_CHARACTERS) for line in inside.lines())
        print("\n".join([f"audit: {first}", *others]), file=sys.stderr)
        return COULD_NOT_AUDIT
    if not quiet:
        count = f"{len(rules)} rule{'s' * (len(rules) != 1)}"
        print(
            f"{plain(str(policy), _MAX_CHARACTERS)}: valid, {count if rules else 'but without rules no audit passes'}"
        )
    return PASS
