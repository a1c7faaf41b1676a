"""DSSE envelopes: a payload with signatures over it, and the approvals of it beside them."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.attestation.canonical import parse_json
from audit.errors import AuditError
from audit.provenance.public_key import public_bytes

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MAX_BYTES = 16 * 2**20
_MAX_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class KeySignature:
    """Ed25519 signature, 64 bytes, with the id of the key that it claims to be by."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Payload, the signatures over it, and an envelope for each approval record; the signatures may be wrong."""

    payload: bytes
    signatures: tuple[KeySignature, ...]
    approvals: tuple["Envelope", ...] = ()

    def is_signed_by(self, key: str) -> bool:
        """Return whether the key with this id made one of the signatures."""
        values = [signature.value for signature in self.signatures if signature.key == key]
        return any(_verifies(key, value, pae(self.payload)) for value in values)


class _SignatureObject(BaseModel):
    model_config = ConfigDict(strict=True)

    keyid: Annotated[str, Field(max_length=500)]
    sig: str


class _EnvelopeObject(BaseModel):
    model_config = ConfigDict(strict=True)

    payloadType: Literal["application/vnd.in-toto+json"]
    payload: str
    signatures: Annotated[list[_SignatureObject], Field(min_length=1, max_length=_MAX_SIGNATURES)]


class _SignedWithApprovals(_EnvelopeObject):
    approvals: Annotated[list[_EnvelopeObject], Field(max_length=_MAX_SIGNATURES)] = []


def pae(payload: bytes) -> bytes:
    """Return the bytes that are signed: DSSE's pre-authentication encoding of payload type and payload."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def read_envelope(path: Path) -> Envelope:
    """Return the envelope in the file at ``path``; no signature is checked.

    Raises:
        AuditError: there is none, or it is damaged.
    """
    if not path.is_file():
        problem = "something that is no file" if path.exists() else "no such file"
        raise AuditError(
            where=str(path),
            expected="an attestation that 'audit sign' wrote",
            found=problem,
            fix="name its file; an alias in a registry is given to 'audit verify' as models:/NAME@ALIAS",
        )
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _no_envelope(str(path), str(error.strerror)) from None
    return parse_envelope(content, str(path))


def parse_envelope(content: bytes, where: str = "attestation") -> Envelope:
    """Return the envelope in a file's content; no signature is checked.

    Raises:
        AuditError: it is too large, or no envelope.
    """
    if len(content) > _MAX_BYTES:
        raise _no_envelope(where, f"more than {_MAX_BYTES:,} bytes")
    try:
        envelope = _SignedWithApprovals.model_validate(parse_json(content, where))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise _no_envelope(where, f"{place}: {first['msg']}") from None
    return _envelope(envelope, where, tuple(_envelope(approval, where) for approval in envelope.approvals))


def envelope_json(envelope: Envelope) -> str:
    """Return the text of the file of an envelope."""
    return json.dumps(_plain(envelope), indent=1) + "\n"


def _plain(envelope: Envelope) -> dict[str, object]:
    content: dict[str, object] = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(envelope.payload).decode(),
        "signatures": [
            {"keyid": signature.key, "sig": base64.b64encode(signature.value).decode()}
            for signature in envelope.signatures
        ],
    }
    approvals = [_plain(approval) for approval in envelope.approvals]
    return content | ({"approvals": approvals} if approvals else {})


def _envelope(content: _EnvelopeObject, where: str, approvals: tuple[Envelope, ...] = ()) -> Envelope:
    signatures = (KeySignature(s.keyid, _decoded(s.sig, f"{where}: sig")) for s in content.signatures)
    payload = _decoded(content.payload, f"{where}: payload")
    return Envelope(payload=payload, signatures=tuple(signatures), approvals=approvals)


def _decoded(text: str, where: str) -> bytes:
    try:  # DSSE: readers take both alphabets
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        raise _no_envelope(where, "damaged base64") from None


def _verifies(key: str, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_bytes(key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _no_envelope(where: str, problem: str) -> AuditError:
    return AuditError(
        where=where,
        expected="a DSSE envelope with an in-toto statement",
        found=problem,
        fix="get the whole file again",
    )
