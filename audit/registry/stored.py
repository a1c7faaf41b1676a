"""What a registry has of a version at this moment: the model's files, and those that MLflow keeps beside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import AuditError
from audit.provenance.digest import file_hashes
from audit.registry.address import is_address
from audit.registry.artifact import artifact_inside, find_model
from audit.registry.mlflow import MlflowServing, mlflow_serving

_OF_DOWNLOADS = "registered_model_meta"
"""File that MLflow adds to what it downloads."""


class DamagedModel(AuditError):
    """The files that a registry has of a version are no model."""


@dataclass(frozen=True)
class StoredModel:
    """SavedModel directory or Keras file at ``path``, with the SHA-256 of the version's other files by path.

    ``serving`` is what MLflow's own loaders would do with the version besides loading the model.
    """

    path: Path
    other_files: dict[str, str]
    serving: MlflowServing


@contextmanager
def stored_model(path: str) -> Iterator[StoredModel]:
    """Context with the model at an address as the registry has it now, not an earlier download.

    Raises:
        DamagedModel: there are files, and they are no model.
        AuditError: there is no such version, or the registry cannot be reached.
    """
    from audit.registry.download import fresh_download

    with fresh_download(path) as folder:
        yield _stored(path, folder)


@contextmanager
def current_model(path: str) -> Iterator[Path]:
    """Context with the model at a path or an address as it is now.

    Raises:
        AuditError: as of `find_model`, except that bytes other than those registered are for the caller to notice.
    """
    if not is_address(path):
        yield find_model(path).path
        return
    with stored_model(path) as model:
        yield model.path


def _stored(address: str, folder: Path) -> StoredModel:
    try:
        model = artifact_inside(folder)
        serving = mlflow_serving(folder)
        hashes = file_hashes(folder)
    except AuditError as error:
        text = f"{error.where}: {error.found}".replace(f"{folder}/", "").replace(f"{folder}: ", "")
        raise DamagedModel(where=address, expected=error.expected, found=text, fix=error.fix) from None
    inside = model.relative_to(folder).as_posix()
    other_files = {
        name: sha256
        for name, sha256 in hashes.items()
        if name != _OF_DOWNLOADS
        and name != inside
        and not name.startswith("" if inside == "." else f"{inside}/")
    }
    return StoredModel(model, other_files, serving)
