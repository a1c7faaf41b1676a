"""Identity of what is monitored: a store holds the life of one policy, and a run that of one model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import AuditError, Refused
from audit.policy.model import ResolvedPolicy, policy_digest
from audit.promotion.served import verified
from audit.provenance.digest import digest
from audit.registry.address import is_address, parse_address
from audit.registry.artifact import find_artifact, find_model

_ELSEWHERE = ("about", "report", "registry", "waivers")
_PATHS = {"path", "background", "baseline"}


def monitored_digest(policy: ResolvedPolicy) -> str:
    """Return the digest of what a policy says of the rows, the rules and their errors.

    Where files lie, who is alerted and what is waived may change without another store.
    """
    effective = {key: value for key, value in policy.effective().items() if key not in _ELSEWHERE}
    effective["monitoring"] = policy.monitoring.model_dump(mode="json", include={"drift", "false_alarms"})
    for section in ("model", "data"):
        keys = getattr(policy, section).model_dump(
            mode="json", exclude=_PATHS, exclude_none=True, by_alias=True
        )
        effective[section] = keys
    return policy_digest(effective)


@dataclass(frozen=True)
class PromotedModel:
    """The model to monitor: where its files are, their digest, and what it is called."""

    path: Path
    digest: str
    version: str


@contextmanager
def promoted_model(policy: ResolvedPolicy) -> Iterator[PromotedModel]:
    """Context with the model of a policy: of an alias, the version that was promoted, its bytes verified.

    Raises:
        AuditError: there is no such model, or the alias does not serve what was promoted.
    """
    address = policy.model.path
    if is_address(address) and (alias := parse_address(address)).alias:
        try:
            with verified(address) as (served, path):
                yield PromotedModel(path, digest(path), f"{alias.name} version {served.version}")
        except Refused as refusal:
            raise AuditError(
                where=refusal.where, expected=refusal.expected, found=refusal.found, fix=refusal.fix
            ) from None
        return
    source = find_model(address, policy.folder)
    path = find_artifact(source.path).path
    called = address if is_address(address) else source.path.name  # the rest of a path may be private
    yield PromotedModel(path, digest(path), called)
