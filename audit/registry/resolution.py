"""The version, run and files that an address names at this moment."""

import re
from dataclasses import dataclass
from typing import Any

from audit.errors import did_you_mean, quote_list
from audit.registry.address import DIGEST_TAG, Address
from audit.registry.mlflow_client import RegisteredVersion, RegistryClient
from audit.registry.mlflow_errors import NotRegistered, without_password
from audit.result import RegistryFacts

_LOGGED = re.compile(r"models:/(m-[0-9a-f]{32})")


@dataclass(frozen=True)
class Resolution:
    """Where the files of an address are.

    Args:
        facts: what the report says of it.
        location: address that MLflow downloads from.
        identity: text that no other version in any registry has; None if its files may change.
        digest: of the SavedModel or Keras file, as the version's tag says; None without the tag.
    """

    facts: RegistryFacts
    location: str
    identity: str | None
    digest: str | None = None


def resolve(client: RegistryClient, address: Address) -> Resolution:
    """Return what ``address`` names.

    Raises:
        NotRegistered: there is no such model, version, alias or run; the message names the nearest.
    """
    if address.run:
        run = client.ask(address.text, lambda mlflow: mlflow.get_run(address.run))
        return Resolution(_facts(client, run_id=run.info.run_id, source=address.text), address.text, None)
    if address.logged:
        run_id = _logged_model(client, address.text, address.logged).source_run_id or ""
        facts = _facts(client, run_id=run_id, source=address.text)
        return Resolution(facts, address.text, address.logged)
    return _of_version(client, address, client.version(address.name, _number(client, address)))


def logged_model_id(source: str) -> str | None:
    """Return the id in the source of a version: over REST, a version has no other hint of its logged model."""
    match = _LOGGED.fullmatch(source)
    return match[1] if match else None


def _of_version(client: RegistryClient, address: Address, version: RegisteredVersion) -> Resolution:
    place = f"models:/{version.name}/{version.number}"
    logged = logged_model_id(version.source)
    run_id = version.run_id
    if logged and not run_id:
        run_id = _logged_model(client, place, logged).source_run_id or ""
    facts = _facts(client, version=place, run_id=run_id, source=version.source)
    identity = logged or f"{client.uri} {place} {version.created} {version.source}"
    return Resolution(facts, place, identity, version.tags.get(DIGEST_TAG))


def _number(client: RegistryClient, address: Address) -> int:
    if address.number is not None:
        return address.number
    aliases = client.aliases(address.name)
    if address.alias in aliases:
        return aliases[address.alias]
    raise NotRegistered(
        where=address.text,
        expected=f"an alias of the registered model {address.name!r}",
        found=f"no alias {address.alias!r}{did_you_mean(address.alias, aliases)}",
        fix=f"its aliases: {quote_list(aliases)}",
    )


def _logged_model(client: RegistryClient, where: str, model_id: str) -> Any:
    return client.ask(where, lambda mlflow: mlflow.get_logged_model(model_id))


def _facts(client: RegistryClient, *, run_id: str, source: str, version: str = "") -> RegistryFacts:
    return RegistryFacts(
        uri=without_password(client.uri),
        version=version or None,
        run_id=run_id or None,
        source=source,
    )
