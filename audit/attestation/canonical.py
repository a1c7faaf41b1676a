"""Canonical JSON (RFC 8785) of values without floating-point numbers, and strict reading of JSON."""

import json
from collections.abc import Iterable

from audit.errors import AuditError

_LARGEST = 2**53 - 1
"""Largest whole number that every reader of JSON keeps."""


def canonical(value: object) -> bytes:
    """Return the canonical JSON of objects, lists, texts, whole numbers, booleans and null, as RFC 8785 has it.

    Keys are sorted by their UTF-16 code units, nothing stands between tokens, and only what must be is escaped.

    Raises:
        AuditError: a number is a float or beyond ±(2**53 - 1), or a text is no Unicode.
    """
    try:
        return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise _not_canonical("a text with bytes that are no UTF-8, such as a file's name") from None
    except RecursionError:
        raise _not_canonical("values nested too deeply") from None


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > _LARGEST):
        raise _not_canonical("a number that is not whole, or beyond 2**53 - 1")
    return value


def parse_json(content: bytes, where: str) -> object:
    """Return the value of JSON in which no object has a key twice: its readers might take either.

    Raises:
        AuditError: it is not UTF-8, not JSON, nested too deeply, or has a key twice.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except AuditError as error:
        raise error.within(where) from None
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 at byte {error.start:,}"
    except RecursionError:
        problem = "values nested too deeply"
    except ValueError as error:
        problem = f"no JSON: {error}"[:200]
    raise AuditError(where=where, expected="JSON", found=problem, fix="get the whole file again")


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    content: dict[str, object] = {}
    for key, value in pairs:
        if key in content:
            raise AuditError(
                where="JSON", expected="each key once in an object", found=f"the key {key!r:.80} twice"
            )
        content[key] = value
    return content


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _not_canonical(problem: str) -> AuditError:
    return AuditError(where="statement", expected="values that canonical JSON can hold", found=problem)
