"""Promotion log in an MLflow registry: versions of the registered model `NAME.promotions`, which hold tags only."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from audit.errors import AuditError
from audit.promotion.entry import Entry
from audit.promotion.history import Record
from audit.registry.address import LOG_SUFFIX
from audit.registry.mlflow_client import RegistryClient

ENTRY_TAG = "audit.entry"
ATTESTATION_TAG = "audit.attestation"
_PART = 90_000  # characters; a tag holds 100,000
_LONGEST_ALIAS = 255
_RESERVED = re.compile(
    r"latest|v\d+", re.IGNORECASE
)  # MLflow refuses them, but only once the entry is written
_TARGET = re.compile(r"(?P<name>[^/:@\n]+)@(?P<alias>[\w-]+)")


class Target(NamedTuple):
    """Alias of a registered model."""

    name: str
    alias: str

    @property
    def address(self) -> str:
        """``models:/NAME@ALIAS``."""
        return f"models:/{self.name}@{self.alias}"


def parse_target(text: str) -> Target:
    """Return the alias that ``NAME@ALIAS`` names, with or without ``models:/`` before it.

    Raises:
        AuditError: it is of another form.
    """
    match = _TARGET.fullmatch(text.removeprefix("models:/"))
    if match is None or len(match["alias"]) > _LONGEST_ALIAS:
        raise _no_target(text, "another form")
    if _RESERVED.fullmatch(match["alias"]):
        raise _no_target(text, f"{match['alias']}, which MLflow keeps for versions")
    if match["name"].endswith(LOG_SUFFIX):
        raise _no_target(text, f"the log of the promotions of {match['name'].removesuffix(LOG_SUFFIX)}")
    return Target(match["name"], match["alias"])


def _no_target(text: str, problem: str) -> AuditError:
    return AuditError(
        where=text,
        expected=f"NAME@ALIAS, such as income@champion, an alias of at most {_LONGEST_ALIAS} characters",
        found=problem,
        fix="name a registered model and one of its aliases",
    )


class MlflowStore:
    """Log and alias of a registered model in MLflow.

    Args:
        client: the registry.
        target: the alias.
    """

    def __init__(self, client: RegistryClient, target: Target) -> None:
        self._client = client
        self._target = target
        self.log = f"{target.name}{LOG_SUFFIX}"

    @property
    def place(self) -> str:
        """Address of the alias, for messages."""
        return self._target.address

    @property
    def alias(self) -> str:
        """Name of the alias."""
        return self._target.alias

    def records(self) -> Sequence[Record]:
        """Return everything in the log, whichever alias it is about."""
        return [
            Record(version.number, _joined(version.tags, ENTRY_TAG), _joined(version.tags, ATTESTATION_TAG))
            for version in self._client.versions(self.log)
        ]

    def append(self, entry: Entry, attestation: str) -> None:
        """Create the next version of the log with its tags, in one request."""
        self._client.create_registered_model(self.log)
        tags = {**_parts(ENTRY_TAG, entry.text), **_parts(ATTESTATION_TAG, attestation)}
        self._client.create_version(self.log, tags)

    def served(self) -> int | None:
        """Return the version that the alias names, None if there is no such alias."""
        return self._client.alias_version(self._target.name, self._target.alias)

    def serve(self, version: int) -> None:
        """Let the alias name ``version``."""
        self._client.set_alias(self._target.name, self._target.alias, version)


def _parts(tag: str, text: str) -> dict[str, str]:
    """Return tags with a text in pieces that MLflow keeps whole."""
    starts = range(0, len(text), _PART)
    return {f"{tag}.{number}": text[start : start + _PART] for number, start in enumerate(starts, 1)}


def _joined(tags: Mapping[str, str], tag: str) -> str:
    """Return the text of such tags: up to the first piece that is missing."""
    pieces: list[str] = []
    while (piece := tags.get(f"{tag}.{len(pieces) + 1}")) is not None:
        pieces.append(piece)
    return "".join(pieces)
