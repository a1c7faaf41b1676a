"""Canonical statements in envelopes: an independent form, another library, fixed vectors, and damaged files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import Key, SSlibKey  # type: ignore[attr-defined]

from audit.attestation import Envelope, approve, envelope_json, read_signing_key
from audit.attestation.canonical import canonical, parse_json
from audit.attestation.envelope import pae, parse_envelope
from audit.attestation.statement import parse_statement
from audit.errors import AuditError
from audit.provenance.public_key import public_bytes, read_public_key

from .kit import NOW, Kit

VECTORS = Path(__file__).parent / "vectors"

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def by_hand(value: Any) -> str:
    """RFC 8785 once more, character by character."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: [int.from_bytes(k.encode("utf-16-be")[i : i + 2], "big")
                                            for i in range(0, len(k.encode("utf-16-be")), 2)])  # fmt: skip
        return "{" + ",".join(f"{by_hand(key)}:{by_hand(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(by_hand, value)) + "]"
    if isinstance(value, str):
        short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
    return (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or value is True or value is False
        else str(value)
    )


@settings(max_examples=1000)
@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_canonical_form_is_that_of_another_implementation(statement: dict[str, Any]) -> None:
    text = canonical(statement)
    assert text == by_hand(statement).encode()
    assert parse_json(text, "it") == statement


@pytest.mark.parametrize("value", [0.5, 2**53, float("nan"), "\udcff"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(AuditError):
        canonical({"a": [value]})


def test_another_library_verifies_signature_and_approval(tmp_path: Path) -> None:
    kit = Kit(tmp_path, "ann")
    envelope = approve(kit.sign(), read_signing_key(tmp_path / "ann"), "Ann", NOW)
    content = json.loads(envelope_json(envelope))
    keys: list[Key] = [
        SSlibKey(i, "ed25519", "ed25519", {"public": public_bytes(i).hex()}) for i in kit.ids.values()
    ]
    assert set(OtherEnvelope.from_dict(dict(content)).verify(keys, 2)) == set(kit.ids.values())
    (record,) = content["approvals"]
    assert set(OtherEnvelope.from_dict(record).verify(keys[1:], 1)) == {kit.ids["ann"]}
    assert OtherEnvelope(envelope.payload, "application/vnd.in-toto+json", {}).pae() == pae(envelope.payload)


def test_the_published_vectors_are_stable() -> None:
    """The key is published: it is for tests alone."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from audit.attestation.keys import SigningKey

    payload = (VECTORS / "payload.json").read_bytes()
    key = SigningKey(load_pem_private_key((VECTORS / "published-test-key.pem").read_bytes(), None))  # type: ignore[arg-type]
    expected = (VECTORS / "verdict.dsse.json").read_text("utf-8")
    assert parse_statement(payload).payload == payload
    assert key.id == read_public_key(VECTORS / "published-test-key.pem.pub")
    assert envelope_json(key.envelope(payload)) == expected
    assert parse_envelope(expected.encode()).is_signed_by(key.id)


def content(**changes: object) -> bytes:
    signature = {"keyid": "k", "sig": base64.b64encode(bytes(64)).decode()}
    whole = {"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": [signature]}
    return json.dumps(whole | changes).encode()


DAMAGED = {
    "empty": b"",
    "truncated": content()[:-20],
    "not UTF-8": b"\xff\xfe{",
    "a key twice": content().replace(b"{", b'{"payload": "e30=",', 1),
    "deeply nested": b"[" * 200_000,
    "huge": b" " * (16 * 2**20 + 1),
    "another type": content(payloadType="text/plain"),
    "no signature": content(signatures=[]),
    "many signatures": content(signatures=[{"keyid": "k", "sig": ""}] * 101),
    "base64": content(payload="e3*="),
    "a list": b"[]",
    "NaN": b'{"payload": NaN}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_envelope_is_refused_as_a_whole(name: str) -> None:
    with pytest.raises(AuditError) as error:
        parse_envelope(DAMAGED[name], "a.json")
    assert error.value.where.startswith("a.json")


@pytest.mark.parametrize("payload", [b"{}", b'{"a": 1}', b'{"_type":1}', b'{"a":0.5}', b"\xff"])
def test_a_payload_that_is_no_canonical_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(AuditError):
        parse_statement(payload)


def test_written_and_read_it_is_the_same(tmp_path: Path) -> None:
    kit = Kit(tmp_path, "ann")
    envelope = approve(kit.sign(), read_signing_key(tmp_path / "ann"), "Ann", NOW)
    read = parse_envelope(envelope_json(envelope).encode())
    assert isinstance(read, Envelope)
    assert read == envelope
