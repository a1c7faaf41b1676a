"""Ed25519 public keys: the id of a key, which is the key itself, and the PEM file that holds one."""

import base64
import binascii
import re
from pathlib import Path

from audit.errors import AuditError

KEY_ID = r"^ed25519:[0-9a-f]{64}$"
"""Form of a key id: the algorithm and the 32 bytes of the public key in hex."""

_LONGEST_FILE = 4096
_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What precedes the 32 bytes in the DER form of a SubjectPublicKeyInfo (RFC 8410)."""

_PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")


def key_id(public: bytes) -> str:
    """Return the id of the public key of 32 bytes."""
    return f"ed25519:{public.hex()}"


def public_bytes(key: str) -> bytes:
    """Return the 32 bytes of the public key with the id ``key``."""
    return bytes.fromhex(key.removeprefix("ed25519:"))


def public_pem(public: bytes) -> str:
    """Return the PEM file of the public key of 32 bytes, as OpenSSL writes it."""
    text = base64.b64encode(_DER_PREFIX + public).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"


def read_public_key(path: Path) -> str:
    """Return the id of the public key in the PEM file at ``path``.

    Raises:
        AuditError: there is none, or it is of another kind; what the file holds is never shown.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_LONGEST_FILE + 1).decode("ascii", "replace")
    except OSError as error:
        raise _no_public_key(path, str(error.strerror)) from None
    if "PRIVATE KEY" in text:
        raise _no_public_key(path, "a private key", "name the file with .pub at its end")
    match = _PEM.fullmatch(text)
    if not match or len(text) > _LONGEST_FILE:
        raise _no_public_key(path, "something else")
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True)
    except binascii.Error:
        raise _no_public_key(path, "damaged base64") from None
    if not der.startswith(_DER_PREFIX) or len(der) != len(_DER_PREFIX) + 32:
        raise _no_public_key(path, "a public key of another kind")
    return key_id(der[-32:])


def _no_public_key(path: Path, problem: str, fix: str = "") -> AuditError:
    fix = fix or "name the public key of the signer or approver: 'audit keygen FILE' writes it as FILE.pub"
    return AuditError(
        where=str(path), expected="the PEM file of an Ed25519 public key", found=problem, fix=fix
    )
