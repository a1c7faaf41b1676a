"""Verifies an attestation: signatures, expiry, the model's bytes and the report, and lists what differs."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audit.attestation.approval import Approval, approvals_in, missing_approvals
from audit.attestation.envelope import Envelope
from audit.attestation.signing import decided_again
from audit.attestation.statement import Statement, parse_statement, statement_of, utc_text
from audit.errors import AuditError
from audit.formats.json import from_bytes, report_bytes
from audit.provenance.digest import digest, digest_of_hashes, file_hashes
from audit.result import Report

_NOT_OF_REPORT = {"signer", "issued", "expires", "audit_version"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Place where something differs from what was signed, with the signed and the actual value."""

    place: str
    signed: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Outcome of a verification.

    ``differences`` is empty if all holds. ``approvals`` are valid and by one of the given keys; ``unknown_keys`` are
    ids of other keys, whose signatures were not looked at. ``missing`` says which approvals the policy still requires
    for a promotion: it is no difference.
    """

    statement: Statement
    differences: list[Difference]
    approvals: list[Approval]
    unknown_keys: list[str]
    missing: str

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def verify(
    envelope: Envelope,
    keys: Sequence[str],
    now: datetime,
    *,
    model: Path | None = None,
    report: Path | None = None,
) -> Verification:
    """Compare an attestation with the given keys, the time, and the model and report if given.

    Args:
        envelope: the attestation.
        keys: ids of the public keys that are trusted.
        now: the present time, with its zone.
        model: directory or file of the model.
        report: a report.json, or the directory that holds it.

    Raises:
        AuditError: the envelope holds no statement, or model or report cannot be read.
    """
    statement = parse_statement(envelope.payload)
    approvals = list(approvals_in(envelope))
    claimed = {signature.key for signature in envelope.signatures} | {a.key for a in approvals}
    differences = [
        *_signatures(envelope, statement.predicate.signer, keys, approvals),
        *_expiry(statement, now),
        *(_model(statement, model) if model else ()),
        *(_report(statement, report) if report else ()),
    ]
    return Verification(
        statement=statement,
        differences=differences,
        approvals=[a for a in approvals if a.key in keys and not a.problem],
        unknown_keys=sorted(claimed - set(keys)),
        missing=missing_approvals(envelope, statement.predicate.approvals),
    )


def _signatures(
    envelope: Envelope, signer: str, keys: Sequence[str], approvals: Sequence[Approval]
) -> Iterator[Difference]:
    if signer not in keys:
        yield Difference("signer", "one of the keys that were given", signer)
    elif not envelope.is_signed_by(signer):
        yield Difference("signature", f"by {signer}", "no signature by it over this statement")
    for key in dict.fromkeys(signature.key for signature in envelope.signatures):
        if key in keys and key != signer and not envelope.is_signed_by(key):
            yield Difference("signature", f"by {key}", "no signature by it over this statement")
    for approval in approvals:
        if approval.key in keys and approval.problem:
            yield Difference(f"approval by {approval.by}", f"by {approval.key}", approval.problem)


def _expiry(statement: Statement, now: datetime) -> Iterator[Difference]:
    expires = statement.predicate.expires
    if expires is not None and utc_text(now) >= expires:  # both in UTC, to the second: the texts are ordered
        yield Difference("expires", expires, f"it is {utc_text(now)} now")


def _model(statement: Statement, path: Path) -> Iterator[Difference]:
    return model_differences(statement.model_digest, statement.predicate.model.files, path)


def model_differences(expected: str, listing: Mapping[str, str], path: Path) -> Iterator[Difference]:
    """Yield what differs between the model at ``path`` and the one with a digest, file by file if possible.

    Args:
        expected: digest of the model.
        listing: SHA-256 of its files by path; empty if unknown, or for a model of a single file.
        path: directory or file of the other model.
    """
    files = file_hashes(path)
    actual = digest_of_hashes(files) if files else digest(path)
    if actual == expected:
        return
    if not listing or not files or digest_of_hashes(listing) != expected:
        yield Difference("model", expected, actual)
        return
    yield from file_differences("model", listing, files)


def file_differences(
    place: str, expected: Mapping[str, str], actual: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield each file that differs between two listings of SHA-256 by path; its place begins with ``place``."""
    for name in sorted(expected.keys() | actual.keys()):
        before = expected.get(name, "no such file")
        after = actual.get(name, "no such file")
        if before != after:
            yield Difference(f"{place}: {name}", before, after)


def _report(statement: Statement, path: Path) -> Iterator[Difference]:
    """Yield the difference of the bytes, then what they say otherwise, or that they contradict themselves."""
    content = report_bytes(path)
    sha256 = hashlib.sha256(content).hexdigest()
    report = from_bytes(content, str(path))
    if f"sha256:{sha256}" != statement.predicate.report.digest:
        yield Difference("report", statement.predicate.report.digest, f"sha256:{sha256}")
    try:
        actual = _statement_again(statement, decided_again(report), sha256)
    except AuditError as error:
        yield Difference(error.where, error.expected, error.found)
        return
    yield from _unequal(_of_report(statement), _of_report(actual))


def _statement_again(statement: Statement, report: Report, sha256: str) -> Statement:
    issued = datetime.fromisoformat(statement.predicate.issued)
    return statement_of(report, sha256, statement.predicate.signer, issued, None)


def _of_report(statement: Statement) -> dict[str, object]:
    """Return what a statement repeats of its report, its rules by id; bytes are compared for themselves."""
    predicate = statement.predicate.model_dump(mode="json", exclude_none=True)
    content = {
        key: value for key, value in predicate.items() if key not in _NOT_OF_REPORT | {"report", "rules"}
    }
    rules = {rule["id"]: rule for rule in predicate["rules"]}
    return content | {"rules": rules, "model digest": statement.model_digest}


def _unequal(
    signed: Mapping[str, object], actual: Mapping[str, object], place: str = "report"
) -> Iterator[Difference]:
    for key in dict.fromkeys([*signed, *actual]):
        before = signed.get(key)
        after = actual.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _unequal(before, after, f"{place}: {key}")
        elif before != after:
            yield Difference(f"{place}: {key}", _text(before), _text(after))


def _text(value: object) -> str:
    return "absent" if value is None else str(value)
