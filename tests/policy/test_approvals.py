"""``gate.approvals``: paths become keys in the effective policy, whatever the files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.check import load_policy
from audit.errors import AuditError
from audit.provenance.public_key import key_id, public_pem

from .examples import LEAST, written


def policy(folder: Path, approvals: str) -> Path:
    return written(folder, f"{LEAST}gate: {{rules: [], approvals: {approvals}}}\n")


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    for number, name in enumerate(["a.pub", "b.pub", "same.pub"]):
        (tmp_path / name).write_text(public_pem(bytes([number % 2]) * 32))
    return [key_id(bytes([number]) * 32) for number in (0, 1)]


def test_the_effective_policy_has_the_keys_themselves(tmp_path: Path, keys: list[str]) -> None:
    resolved = load_policy(policy(tmp_path, "{count: 2, keys: [a.pub, b.pub]}"))
    assert resolved.gate.approvals
    assert resolved.gate.approvals.keys == keys
    by_id = load_policy(policy(tmp_path, f"{{count: 2, keys: ['{keys[0]}', b.pub]}}"))
    assert by_id.digest == resolved.digest


@pytest.mark.parametrize(
    ("approvals", "text"),
    [
        ("{count: 3, keys: [a.pub, b.pub]}", "at most the number of keys"),
        ("{count: 0, keys: [a.pub]}", "count"),
        ("{count: 1, keys: []}", "keys"),
        ("{count: 1, keys: [a.pub, a.pub]}", "once"),
        ("{count: 1, keys: [a.pub, same.pub]}", "the same key"),
        ("{count: 1, keys: [none.pub]}", "No such file"),
        ("{count: 1, keys: [audit.yaml]}", "public key"),
    ],
)
def test_approvals_that_cannot_be_given(tmp_path: Path, keys: list[str], approvals: str, text: str) -> None:
    with pytest.raises(AuditError, match=text):
        load_policy(policy(tmp_path, approvals))
