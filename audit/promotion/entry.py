"""Entry of a promotion log: which version an alias was moved to, on which grounds, by whom; chained by digest."""

import hashlib
import secrets
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.attestation.canonical import canonical, parse_json
from audit.attestation.statement import Digest, Sha256, Time
from audit.errors import AuditError

Positive = Annotated[int, Field(ge=1, lt=2**31)]


class Grounds(BaseModel):
    """What a promotion rests on: bytes, report, policies and attestation by digest; files as SHA-256 by path.

    ``files`` is empty for a model of a single file. ``other_files`` are the version's besides the model, such as
    `MLmodel`, which MLflow's loaders read: the audit has not measured what they do. ``required_policy`` is None if the
    report's own alone decided.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    version: Positive
    model: Digest
    files: dict[str, Sha256] = {}
    other_files: dict[str, Sha256] = {}
    verdict: Literal["pass"] = "pass"
    report: Digest
    policy: Digest
    required_policy: Digest | None = None
    attestation: Digest | None = None


class Entry(Grounds):
    """Move of an alias, with the place in the log that it was made for.

    ``sequence`` counts the moves of this alias from 1, and ``previous`` is the digest of the one before, None for the
    first. ``promotion`` is the sequence number of the promotion that the version was audited for: of a promotion its
    own, of a rollback that which it goes back to. ``replaced`` is the version that the alias named before. ``nonce``
    makes two equal moves different.
    """

    sequence: Positive
    previous: Digest | None = None
    alias: str
    kind: Literal["promote", "rollback"]
    promotion: Positive
    replaced: Positive | None = None
    actor: str
    time: Time
    reason: str = ""
    nonce: str

    @property
    def text(self) -> str:
        """Canonical JSON; what is absent is left out."""
        return canonical(self.model_dump(mode="json", exclude_none=True)).decode()

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return text_digest(self.text)


def promotion_entry(grounds: Grounds, **place: object) -> Entry:
    """Return the entry of a move to the version of ``grounds``; ``place`` has the other fields but ``nonce``."""
    facts = {name: getattr(grounds, name) for name in Grounds.model_fields}
    return Entry.model_validate({**facts, **place, "nonce": secrets.token_hex(8)})


def text_digest(text: str) -> str:
    """Return ``sha256:`` of a text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def parse_entry(text: str) -> Entry:
    """Return the entry in a text.

    Raises:
        AuditError: it holds none.
    """
    try:
        return Entry.model_validate(parse_json(text.encode("utf-8", "surrogatepass"), "entry"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise AuditError(
            where="entry", expected="an entry of a promotion log", found=f"{place}: {first['msg']}"
        ) from None
