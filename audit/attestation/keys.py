"""Private keys of Ed25519: made, read from files that their owner alone can read, and used to sign."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from audit.attestation.envelope import Envelope, KeySignature, pae
from audit.errors import AuditError
from audit.provenance.public_key import key_id, public_pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LONGEST_FILE = 4096
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Private key; ``repr`` and errors show its id alone, which is the public key."""

    _private: "Ed25519PrivateKey" = field(repr=False)

    @property
    def id(self) -> str:
        """Id of the public key."""
        return key_id(self._private.public_key().public_bytes_raw())

    def sign(self, payload: bytes) -> KeySignature:
        """Return the signature over a payload, which is the same every time."""
        return KeySignature(self.id, self._private.sign(pae(payload)))

    def envelope(self, payload: bytes) -> Envelope:
        """Return an envelope with the payload and its signature."""
        return Envelope(payload=payload, signatures=(self.sign(payload),))


def make_key_pair(file: Path) -> str:
    """Write a new private key to ``file``, for its owner alone, the public one to ``FILE.pub``, and return the id.

    Raises:
        AuditError: one of the files is there already, or cannot be written; then neither is left.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes_raw()
    _write_new(file, pem, 0o600)
    try:
        _write_new(file.with_name(f"{file.name}.pub"), public_pem(public).encode(), 0o644)
    except AuditError:
        file.unlink()
        raise
    return key_id(public)


def read_signing_key(file: Path) -> SigningKey:
    """Return the private key in the PEM file (PKCS #8, not encrypted) at ``file``.

    Raises:
        AuditError: it is a link or no regular file, others may read it, or it holds something else.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _read_private(file)
    try:
        private = serialization.load_pem_private_key(content, password=None)
    except TypeError:
        raise _no_private_key(file, "an encrypted key", "decrypt it with 'openssl pkey'") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _no_private_key(file, "something else", "make one with 'audit keygen'") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_private_key(file, "a private key of another kind", "make one with 'audit keygen'")
    return SigningKey(private)


def _read_private(file: Path) -> bytes:
    """Return the content of a file that only its owner can read: what is checked is what is read."""
    try:  # a named pipe would block without O_NONBLOCK
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if file.is_symlink():
            raise _no_private_key(file, "a symbolic link", "name the file itself") from None
        fix = "name your key, or make one with 'audit keygen'"
        raise _no_private_key(file, str(error.strerror), fix) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _no_private_key(file, "something that is no regular file", "name the file itself")
        if mode := status.st_mode & _OTHERS:
            raise AuditError(
                where=str(file),
                expected="a private key that only its owner can read",
                found=f"permissions for others: {stat.S_IMODE(status.st_mode):o} (mode & 077 is {mode:o})",
                fix=f"chmod 600 {file}, or copy it by 'install -m 600'; make a new key if others may have read it",
            )
        return os.read(descriptor, _LONGEST_FILE)
    finally:
        os.close(descriptor)


def _write_new(file: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(file, flags, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise AuditError(
            where=str(file),
            expected="a name that is free: a key is never overwritten",
            found="a file",
            fix="name another file, or move this one away",
        ) from None
    except OSError as error:
        raise AuditError(
            where=str(file), expected="a file that can be written", found=str(error.strerror)
        ) from None


def _no_private_key(file: Path, problem: str, fix: str) -> AuditError:
    return AuditError(
        where=str(file), expected="the PEM file of an Ed25519 private key", found=problem, fix=fix
    )
