"""Signs the verdict that follows from a report."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from audit.attestation.canonical import parse_json
from audit.attestation.envelope import Envelope
from audit.attestation.keys import read_signing_key
from audit.attestation.statement import statement_of
from audit.conclusion.stored import require_measured, verified
from audit.errors import AuditError
from audit.formats.json import from_bytes, report_bytes
from audit.provenance.digest import digest_of_hashes
from audit.result import Report


def sign_report(report: Path, key: Path, valid_for: timedelta | None, now: datetime) -> Envelope:
    """Return an envelope with the signed verdict of the report at ``report``, whichever it is.

    Args:
        report: a report.json, or the directory that holds it.
        key: file of the private key.
        valid_for: time after which the attestation expires; None for never.
        now: the present time, with its zone.

    Raises:
        AuditError: the report's verdict does not follow from it, or the key cannot be used.
    """
    signing_key = read_signing_key(key)
    content = report_bytes(report)
    sha256 = hashlib.sha256(content).hexdigest()
    decided = decided_from(content, str(report))
    return signing_key.envelope(statement_of(decided, sha256, signing_key.id, now, valid_for).payload)


def decided_from(content: bytes, where: str) -> Report:
    """Return the report in the content of a file, with the verdict that follows from its measurements.

    Raises:
        AuditError: it is damaged, has a key twice, so that readers may differ, or was edited.
    """
    parse_json(content, where)
    return decided_again(from_bytes(content, where))


def decided_again(report: Report) -> Report:
    """Return the report with the verdict that follows from its measurements.

    Raises:
        AuditError: it was edited: verdict, measurements, policy, or the listing of the model's files.
    """
    files = report.model.files
    if files and digest_of_hashes(files) != report.model.digest:
        raise AuditError(
            where="report: the files of the model",
            expected=f"the files of {report.model.digest}",
            found=f"those of {digest_of_hashes(files)}",
            fix="do not rely on this report: it was edited; run the audit again",
        )
    return verified(require_measured(report))
