"""Which version of a registered model has the audited bytes, and whether it has them still."""

import re
from collections.abc import Iterator

from audit import attestation
from audit.attestation import Difference, model_differences
from audit.errors import Refused
from audit.promotion.entry import Grounds
from audit.registry.address import DIGEST_TAG
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_errors import without_password
from audit.registry.stored import DamagedModel, StoredModel, stored_model
from audit.result import ModelFacts


def audited_version(client: RegistryClient, name: str, model: ModelFacts, served: int | None) -> int:
    """Return the version of ``name`` that was audited: the one that the report names, or else one with its bytes.

    Of several with the same bytes, it is that which the alias names, ``served``, or else the newest.

    Raises:
        Refused: no version has these bytes.
    """
    if number := _named(client, name, model):
        return client.version(name, number).number
    versions = client.versions(name)
    tagged = [version.number for version in versions if version.tags.get(DIGEST_TAG) == model.digest]
    if tagged:
        return served if served in tagged else tagged[-1]
    untagged = [version.number for version in versions if DIGEST_TAG not in version.tags]
    for number in sorted(untagged, key=lambda number: (number != served, -number)):
        if _has_bytes(name, number, model):
            return number
    raise Refused(
        where=f"models:/{name}",
        expected=f"a version with the audited bytes, {model.digest}",
        found=f"none among {len(versions)} versions",
        fix="register the audited model with 'audit register', or promote the report of a registered one",
    )


def stored_differences(grounds: Grounds, stored: StoredModel) -> Iterator[Difference]:
    """Yield what differs between the files that a version has now and those of its promotion."""
    yield from model_differences(grounds.model, grounds.files, stored.path)
    yield from attestation.file_differences("beside the model", grounds.other_files, stored.other_files)


def damage(error: DamagedModel) -> Difference:
    """Return files that are no model as a difference."""
    return Difference("model", error.expected, error.found)


def _has_bytes(name: str, number: int, model: ModelFacts) -> bool:
    try:
        with stored_model(f"models:/{name}/{number}") as stored:
            return not list(model_differences(model.digest, model.files, stored.path))
    except DamagedModel:
        return False


def _named(client: RegistryClient, name: str, model: ModelFacts) -> int | None:
    """Return the version that a report names, None unless it is one of ``name`` in this registry."""
    facts = model.registry
    if facts is None or facts.version is None or facts.uri != without_password(client.uri):
        return None
    match = re.fullmatch(rf"models:/{re.escape(name)}/(\d{{1,9}})", facts.version)
    return int(match[1]) if match else None
