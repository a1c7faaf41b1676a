"""Registration of exported models: the files are stored as they are, beside an `MLmodel` that describes them."""

import json
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.registry.address import DIGEST_TAG, LOG_SUFFIX, is_address
from audit.registry.artifact import Artifact, artifact_inside, find_artifact, find_model
from audit.registry.mlflow import FILE
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect

_FOLDERS = {"SavedModel": "saved_model", ".keras file": "data"}
_NOT_IN_A_LOGGED_NAME = re.compile(r"[/:.%\"']+")


@dataclass(frozen=True)
class Registered:
    """A new version: its address ``models:/NAME/3``, and the digest of its SavedModel or Keras file."""

    address: str
    digest: str


def register(path: str, name: str) -> Registered:
    """Register the SavedModel directory or `.keras` file at ``path`` as a new version of the model ``name``.

    The files are read back from the registry and compared before there is a version.

    Raises:
        AuditError: there is no such model, the registry refuses, or what it keeps is not what was sent.
    """
    _require_no_log(name)
    artifact = _exported(path)
    before = digest(artifact.path)
    client = connect()
    client.create_registered_model(name)
    with _logged_model(client, name) as model_id:
        _upload(client, model_id, artifact)
        _require_same_bytes(client, model_id, before)
        client.ask(name, lambda mlflow: mlflow.finalize_logged_model(model_id, "READY"))
        number = client.register_logged(name, model_id, {DIGEST_TAG: before})
    return Registered(f"models:/{name}/{number}", before)


def _require_no_log(name: str) -> None:
    if name.endswith(LOG_SUFFIX):
        raise AuditError(
            where="--name",
            expected=f"a name that does not end in {LOG_SUFFIX}",
            found=f"{name!r:.200}, which is the log of the promotions of another model",
            fix="choose another name",
        )


def _exported(path: str) -> Artifact:
    if is_address(path):
        raise AuditError(
            where=path,
            expected="the path of an exported model",
            found="an address in a registry, where the model is already",
            fix="copy a version with mlflow.MlflowClient().copy_model_version",
        )
    artifact = find_artifact(find_model(path).path)
    if artifact.kind in _FOLDERS:
        return artifact
    raise AuditError(
        where=path,
        expected="a SavedModel directory or a .keras file",
        found=artifact.kind,
        fix="load it with Keras and save it as .keras, or export it",
    )


@contextmanager
def _logged_model(client: RegistryClient, name: str) -> Iterator[str]:
    """Context with the id of a new logged model, which is deleted if anything in it fails."""
    model_id = client.create_logged_model(_NOT_IN_A_LOGGED_NAME.sub("-", name))
    try:
        yield model_id
    except BaseException:
        client.discard_logged_model(model_id)
        raise


def _upload(client: RegistryClient, model_id: str, artifact: Artifact) -> None:
    folder = _FOLDERS[artifact.kind]
    with tempfile.TemporaryDirectory() as temporary:
        description = Path(temporary)
        (description / FILE).write_text(json.dumps(_description(artifact, model_id), indent=1), "utf-8")
        if artifact.path.is_file():  # MLflow opens 'model.keras', whatever the file was called
            (description / folder).mkdir()
            (description / folder / "save_format.txt").write_text("keras", "utf-8")
            (description / folder / "model.keras").symlink_to(artifact.path.resolve())
        client.upload(model_id, description)
    if artifact.path.is_dir():
        client.upload(model_id, artifact.path, folder)


def _description(artifact: Artifact, model_id: str) -> dict[str, object]:
    """Return the content of an `MLmodel`; of a SavedModel, MLflow serves ``serving_default``."""
    if artifact.kind == "SavedModel":
        flavor: dict[str, object] = {
            "code": None,
            "model_type": "tf1-estimator",  # any SavedModel with signatures: MLflow's name for loading by signature
            "saved_model_dir": _FOLDERS[artifact.kind],
            "meta_graph_tags": ["serve"],
            "signature_def_key": "serving_default",
        }
        served: dict[str, object] = {}
    else:
        served = {"data": _FOLDERS[artifact.kind]}
        flavor = {"code": None, "model_type": "keras", **served}
    function = {"loader_module": "mlflow.tensorflow", "python_version": platform.python_version(), **served}
    return {"flavors": {"python_function": function, "tensorflow": flavor}, "model_id": model_id}


def _require_same_bytes(client: RegistryClient, model_id: str, before: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        after = digest(artifact_inside(client.download(f"models:/{model_id}", Path(folder))))
    if after != before:
        raise AuditError(
            where=f"models:/{model_id}",
            expected=f"the bytes that were sent, {before}",
            found=after,
            fix="register again; if it happens again, look at the artifact store",
        )
