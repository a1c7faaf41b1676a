"""Signed verdicts: canonical statements in DSSE envelopes, approvals, and their verification."""

from audit.attestation.approval import Approval, approve, missing_approvals
from audit.attestation.envelope import Envelope, envelope_json, read_envelope
from audit.attestation.keys import make_key_pair, read_signing_key
from audit.attestation.signing import sign_report
from audit.attestation.verification import (
    Difference,
    Verification,
    file_differences,
    model_differences,
    verify,
)

__all__ = [
    "Approval",
    "Difference",
    "Envelope",
    "Verification",
    "approve",
    "envelope_json",
    "file_differences",
    "make_key_pair",
    "missing_approvals",
    "model_differences",
    "read_envelope",
    "read_signing_key",
    "sign_report",
    "verify",
]
