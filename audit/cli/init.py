"""`audit init`: drafts a policy from a model and a table."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.check import policy_from
from audit.cli.plain_text import plain
from audit.cli.progress import progress_display
from audit.cli.protected_option import parse_protected
from audit.draft import Draft, Wishes, draft
from audit.errors import AuditError
from audit.formats.writing import write_whole
from audit.registry.address import is_address

_OPEN = 3  # the exit code of a policy that its author has to finish
_WIDTH = 500


@dataclass(frozen=True, kw_only=True)
class DraftRequest:
    """Parsed command line of `audit init`."""

    model: str
    data: str
    label: str
    protected: list[str]
    favorable: str | None
    output: str | None
    overrides: list[str]
    out: Path
    force: bool


def init(request: DraftRequest) -> int:
    """Write the drafted policy, print what its author has to check and to choose, and return the exit code."""
    out = request.out
    if out.exists() and not request.force:
        raise AuditError(
            where=str(out),
            expected="a new file",
            found="one that exists",
            fix="name another with --out, or overwrite it with --force",
        )
    wishes = Wishes(
        protected=parse_protected(request.protected),
        favorable=request.favorable,
        output=request.output,
        overrides=request.overrides,
    )
    model, data = (_as_seen_from(path, out) for path in (request.model, request.data))
    out.parent.mkdir(parents=True, exist_ok=True)  # where paths of the policy start
    with progress_display(quiet=False):
        drafted = draft(model, data, request.label, out.parent, policy_from, wishes)
    write_whole(out.parent, {out.name: drafted.text})
    print("\n".join(plain(line, _WIDTH) for line in _lines(drafted, out)))
    return _OPEN if drafted.questions else 0


def _lines(drafted: Draft, out: Path) -> Iterator[str]:
    yield f"Wrote {out}"
    for remark in drafted.remarks:
        yield f"  {remark}"
    for question in drafted.questions:
        yield f"  open: {question.text}"
        for choice in question.choices:
            yield f"    {choice}"
    if drafted.questions:
        yield f"Next: choose in {out}, then: {_next(out)}"
    else:
        yield f"Next: {_next(out)}"


def _next(out: Path) -> str:
    """Return the command that audits under the policy, as a shell takes it."""
    path = f"./{out}" if str(out).startswith("-") else str(out)
    return f"audit run {shlex.quote(path) if path.isprintable() else _escaped(path)}"


def _escaped(path: str) -> str:
    """Return a path with line breaks, or bytes that are no text, in the quotes of bash that name each such byte."""
    parts = (
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte in b"/._- " else f"\\x{byte:02x}"
        for byte in os.fsencode(path)
    )
    return f"$'{''.join(parts)}'"


def _as_seen_from(path: str, out: Path) -> str:
    """Return a relative path as seen from the policy's directory, where an audit looks it up first."""
    if os.path.isabs(path) or path.startswith("aif360:") or is_address(path) or out.parent == Path():
        return path
    return os.path.relpath(path, out.parent)
