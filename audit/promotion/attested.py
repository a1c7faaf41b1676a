"""Whether a promotion in the log is what its attestation says, and whose signature that has."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from audit import attestation
from audit.attestation import Difference, Envelope
from audit.attestation.envelope import parse_envelope
from audit.attestation.statement import Statement, parse_statement
from audit.errors import AuditError
from audit.promotion.entry import Entry, text_digest
from audit.promotion.history import Move


def attestation_differences(move: Move, keys: Sequence[str], now: datetime) -> Iterator[Difference]:
    """Yield where a promotion differs from its attestation: nothing if all agrees.

    Args:
        move: the promotion. One without an attestation differs only if there are ``keys``.
        keys: ids of the trusted keys. Without any, the attestation's content is compared, and not its signature.
        now: the present time, with its zone.
    """
    entry, text = move.entry, move.record.attestation
    if not text:
        if entry.attestation is not None:
            yield Difference("log: attestation", entry.attestation, "none")
        elif keys:
            yield Difference(
                "attestation", "one by a given key", f"version {entry.version} was promoted without"
            )
        return
    if text_digest(text) != entry.attestation:
        yield Difference("log: attestation", str(entry.attestation), text_digest(text))
    try:
        envelope = parse_envelope(text.encode("utf-8", "surrogatepass"), "attestation in the log")
        statement = parse_statement(envelope.payload)
        signatures = list(_signatures(envelope, keys, now))
    except AuditError as error:
        yield Difference("log: attestation", error.expected, error.found)
        return
    yield from signatures
    yield from _contradictions(entry, statement)


def _signatures(envelope: Envelope, keys: Sequence[str], now: datetime) -> Iterator[Difference]:
    if not keys:
        return
    verification = attestation.verify(envelope, keys, now)
    yield from verification.differences
    if verification.missing:
        yield Difference("approvals", "those that gate.approvals of the audit requires", verification.missing)


def _contradictions(entry: Entry, statement: Statement) -> Iterator[Difference]:
    predicate = statement.predicate
    signed = {
        "verdict": predicate.verdict,
        "model": statement.model_digest,
        "report": predicate.report.digest,
        "policy": predicate.policy.digest,
    }
    for name, value in signed.items():
        if (recorded := getattr(entry, name)) != value:
            yield Difference(f"log: {name}", value, recorded)
    yield from attestation.file_differences("log: files", predicate.model.files, entry.files)
