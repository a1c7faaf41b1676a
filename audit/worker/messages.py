"""Messages of the child that measures to its parent: JSON lines, each a kind and its content."""

import json
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from audit.conclusion.facts import AuditFacts
from audit.errors import AuditError


class Message(NamedTuple):
    """Message of the child: a callback of `audit.conclusion.observers.Observers` or an ending, and its content."""

    kind: str
    content: Any


def encode(kind: str, content: object = None) -> bytes:
    """Return the line of a message; ``content`` is plain data."""
    return json.dumps([kind, content]).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line that `encode` made."""
    kind, content = json.loads(line)
    return Message(kind, content)


def facts_from_plain(content: object) -> AuditFacts:
    """Return the facts of an audit, from plain data."""
    return TypeAdapter(AuditFacts).validate_python(content)


def error_to_plain(error: AuditError) -> dict[str, str]:
    """Return the four texts of an error, by argument."""
    return {"where": error.where, "expected": error.expected, "found": error.found, "fix": error.fix}
