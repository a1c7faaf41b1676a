"""Addresses of models in an MLflow registry: ``models:/NAME/3``, ``models:/NAME@ALIAS``, ``runs:/ID/PATH``."""

import re
from dataclasses import dataclass

from audit.errors import AuditError

DIGEST_TAG = "audit.model_digest"
"""Tag of a version: the digest of the SavedModel or Keras file that was registered or audited."""

LOG_SUFFIX = ".promotions"
"""End of the name of a registered model that is the log of another one's promotions."""

_SCHEMES = ("models:", "runs:")
_VERSION = re.compile(r"models:/(?P<name>[^/:\n]+)/(?P<number>[1-9]\d*)")
_ALIAS = re.compile(r"models:/(?P<name>[^/:\n]+)@(?P<alias>[\w-]+)")
_LOGGED = re.compile(r"models:/(?P<logged>m-[0-9a-f]{32})")
_RUN = re.compile(r"runs:/(?P<run>[^/]+)/(?P<artifact>.+)")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A parsed address: of a version by number or alias, of a logged model, or of an artifact of a run."""

    text: str
    name: str = ""
    number: int | None = None
    alias: str = ""
    logged: str = ""
    run: str = ""
    artifact: str = ""


def is_address(path: object) -> bool:
    """Return whether ``path`` is an address in a registry, well formed or not, and no path of a file."""
    return str(path).startswith(_SCHEMES)


def parse_address(text: str) -> Address:
    """Return the parts of an address.

    Raises:
        AuditError: it is in none of the forms; stages and ``latest`` name another version from day to day.
    """
    for form in (_VERSION, _ALIAS, _LOGGED, _RUN):
        if match := form.fullmatch(text):
            parts = match.groupdict()
            number = parts.pop("number", None)
            return Address(text=text, number=int(number) if number else None, **parts)
    raise AuditError(
        where=text,
        expected="models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-… or runs:/ID/PATH",
        found="another form",
        fix="name a version by its number, or by an alias: stages and 'latest' are not supported",
    )
