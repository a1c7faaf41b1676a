"""`audit keygen`, `audit sign` and `audit approve`: key pairs, signed verdicts, and reviewers' signatures."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit import attestation
from audit.attestation.statement import Statement, parse_statement
from audit.cli.plain_text import plain
from audit.errors import AuditError

_UNITS = {"h": "hours", "d": "days"}
_LONGEST_DAYS = 36_500


def keygen(file: Path) -> int:
    """Write a key pair and print its id."""
    key = attestation.make_key_pair(file)
    print(f"Private key: {plain(file, 500)}\nPublic key:  {plain(file, 500)}.pub\nKey id:      {key}")
    return 0


def sign(report: Path, key: Path, out: Path, valid_for: str | None) -> int:
    """Sign the verdict of a report, whichever it is, into a new file."""
    envelope = attestation.sign_report(report, key, _duration(valid_for), datetime.now(UTC))
    if os.path.lexists(out):
        raise AuditError(
            where=str(out),
            expected="a name that is free: an attestation's approvals would be lost",
            found="a file",
            fix="name another one with --out, or move this one away",
        )
    _write(out, attestation.envelope_json(envelope))
    print(f"{_headline(parse_statement(envelope.payload))}\nAttestation: {plain(out, 500)}")
    return 0


def approve(file: Path, key: Path, by: str) -> int:
    """Add an approval to an attestation; one by the same key is there once."""
    signing_key = attestation.read_signing_key(key)
    target = Path(os.path.realpath(file))  # a link stays one
    with _locked(target.parent):  # of two approvals at once, the second is added to the first
        envelope = attestation.read_envelope(target)
        approved = attestation.approve(envelope, signing_key, by, datetime.now(UTC))
        print(_headline(parse_statement(envelope.payload)))
        if approved is envelope:
            print("This key has approved it already; nothing was changed.")
        else:
            _write(target, attestation.envelope_json(approved))
            print(f"Approved by {plain(by)}: {plain(file, 500)}")
    return 0


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time change files in a folder; a folder or file system without locks is no obstacle."""
    from filelock import lock_descriptor

    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            lock_descriptor(descriptor)
        yield
    finally:
        os.close(descriptor)


def _headline(statement: Statement) -> str:
    """Return the verdict and its model: nobody should sign a failure without seeing it."""
    name = plain(statement.subject[0].name)
    return f"{statement.predicate.verdict.upper()}: {name} ({statement.model_digest})"


def _duration(text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})([hd])", text)
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < duration <= timedelta(days=_LONGEST_DAYS):
        raise AuditError(
            where="--valid-for",
            expected=f"a duration such as 12h or 90d, up to {_LONGEST_DAYS:,}d",
            found=repr(text),
        )
    return duration


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all, in place of an older one."""
    partial = None
    try:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".partial-", delete=False) as stream:
            partial = Path(stream.name)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(0o644)
        partial.replace(file)
    except OSError as error:
        raise AuditError(
            where=str(file), expected="a file that can be written", found=str(error.strerror)
        ) from None
    finally:
        if partial is not None:  # an interrupt leaves nothing behind either
            partial.unlink(missing_ok=True)
