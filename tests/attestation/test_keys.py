"""Keys: for their owner alone, never overwritten, never shown."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.attestation import make_key_pair, read_signing_key
from audit.errors import AuditError
from audit.provenance.public_key import read_public_key


def test_a_pair_is_read_again(tmp_path: Path) -> None:
    key = make_key_pair(tmp_path / "k")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    assert read_signing_key(tmp_path / "k").id == read_public_key(tmp_path / "k.pub") == key
    assert "private" not in repr(read_signing_key(tmp_path / "k")).lower()


def test_openssl_derives_the_same_public_key(tmp_path: Path) -> None:
    make_key_pair(tmp_path / "k")
    derived = subprocess.run(
        ["openssl", "pkey", "-in", tmp_path / "k", "-pubout"], capture_output=True, check=True
    )
    assert derived.stdout == (tmp_path / "k.pub").read_bytes()


@pytest.mark.parametrize("there", ["k", "k.pub"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(AuditError, match="never overwritten"):
        make_key_pair(tmp_path / "k")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(there, "mine")]


def _spoil(file: Path, how: str) -> None:
    match how:
        case "group":
            file.chmod(0o640)
        case "link":
            file.rename(file.with_name("real"))
            file.symlink_to("real")
        case "pipe":
            file.unlink()
            os.mkfifo(file, 0o600)
        case "truncated":
            file.write_bytes(file.read_bytes()[:60])
        case "folder":
            file.unlink()
            file.mkdir(0o700)
        case "kind":
            key = ec.generate_private_key(ec.SECP256R1())
            file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        case "missing":
            file.unlink()


SPOILED = {
    "group": "permissions for others: 640",
    "link": "a symbolic link",
    "pipe": "no regular file",
    "truncated": "something else",
    "folder": "no regular file",
    "kind": "of another kind",
    "missing": "No such file",
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_key_that_cannot_be_trusted_is_refused_without_its_content(tmp_path: Path, how: str) -> None:
    make_key_pair(tmp_path / "k")
    secret = (tmp_path / "k").read_text().splitlines()[1]
    _spoil(tmp_path / "k", how)
    with pytest.raises(AuditError) as error:
        read_signing_key(tmp_path / "k")
    assert SPOILED[how] in error.value.found
    assert secret[20:40] not in str(error.value)


def test_a_private_key_is_no_public_one(tmp_path: Path) -> None:
    make_key_pair(tmp_path / "k")
    with pytest.raises(AuditError, match="a private key"):
        read_public_key(tmp_path / "k")
