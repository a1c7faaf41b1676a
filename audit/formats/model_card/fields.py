"""The small parts of a CycloneDX document: texts, properties, digests and addresses of packages."""

import re
from collections.abc import Iterable

from audit.formats.text.safe_text import elide

Record = dict[str, object]

NAMESPACE = "savedmodel-audit"
_NAME_COLUMNS = 256
_TEXT_COLUMNS = 4096
_SHA_256 = re.compile("sha256:([0-9a-f]{64})")
_PACKAGE = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


def name(value: object) -> str:
    """Return a name: what hides or reorders text is written out, and the middle of a long one is left out."""
    return elide(str(value), _NAME_COLUMNS)


def text(value: object) -> str:
    """Return a sentence or paragraph, cleaned as a `name`."""
    return elide(str(value), _TEXT_COLUMNS)


def properties(values: Iterable[tuple[str, object]]) -> list[Record]:
    """Return named values as properties; those that are empty or None are left out."""
    return [
        {"name": f"{NAMESPACE}:{key}", "value": text(value)}
        for key, value in values
        if value not in (None, "")
    ]


def hashes(digest: str) -> list[Record]:
    """Return a digest of a file or directory (see `docs/report-format.md`); none if it is no SHA-256."""
    match = _SHA_256.fullmatch(digest)
    return [{"alg": "SHA-256", "content": match[1]}] if match else []


def package_url(package: str, version: str) -> str | None:
    """Return the address of a Python package; None if either is none that a package may have."""
    if _PACKAGE.fullmatch(package) and _VERSION.fullmatch(version):
        return f"pkg:pypi/{package}@{version}"
    return None


def party(owner: str) -> Record:
    """Return an owner as an organization; an e-mail address becomes its contact as well."""
    contact = [{"email": owner}] if _EMAIL.fullmatch(owner) else []
    return present({"name": name(owner), "contact": contact})


def present(record: Record) -> Record:
    """Return a record without what is empty or None."""
    return {key: value for key, value in record.items() if value not in (None, "", [], {})}
