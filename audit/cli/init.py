"""`audit init`: drafts a policy from a model and a table."""

import os
from pathlib import Path

from audit.check import policy_from
from audit.cli.summary import plain
from audit.draft import draft
from audit.errors import AuditError
from audit.formats.writing import write_whole


def init(model: str, data: str, label: str, out: Path, force: bool) -> int:
    """Write the drafted policy to ``out`` and print what its author has to check."""
    if out.exists() and not force:
        raise AuditError(
            where=str(out),
            expected="a new file",
            found="one that exists",
            fix="name another with --out, or overwrite it with --force",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    drafted = draft(_as_seen_from(model, out), _as_seen_from(data, out), label, out.parent, policy_from)
    write_whole(out.parent, {out.name: drafted.text})
    print(f"Wrote {plain(out, 500)}")
    for remark in drafted.remarks:
        print(f"  {plain(remark, 500)}")
    print(f"Next: audit run {plain(out, 500)}")
    return 0


def _as_seen_from(path: str, out: Path) -> str:
    """Return a relative path as seen from the policy's directory, where an audit looks it up first."""
    if os.path.isabs(path) or path.startswith("aif360:") or out.parent == Path():
        return path
    return os.path.relpath(path, out.parent)
