"""The artifact at a model's path: a SavedModel or a file of Keras, by itself or inside an MLflow directory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from audit.errors import AuditError
from audit.provenance.digest import digest
from audit.provenance.files import locate
from audit.registry.address import DIGEST_TAG, is_address
from audit.registry.mlflow import FILE, mlflow_artifact
from audit.result import RegistryFacts

_FORMS = "a SavedModel directory, a .keras or .h5 file, or an MLflow model directory"
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
_CHUNKED = "saved_model.cpb"  # graphs of more than 2 GB; it is no model here, but TensorFlow takes it for one
_KERAS = (".keras", ".h5", ".hdf5")

Kind = Literal["SavedModel", ".keras file", "HDF5 file of Keras"]


@dataclass(frozen=True)
class Artifact:
    """The SavedModel directory or Keras file that is loaded as the model; ``source`` describes it in a report."""

    path: Path
    kind: Kind
    source: str


class ModelSource(NamedTuple):
    """Where a model lies on this machine, and what an address of a registry named, if it was one."""

    path: Path
    registry: RegistryFacts | None = None


def find_model(path: str, base: Path | None = None) -> ModelSource:
    """Return where the model at ``path`` is, if one can be there: a directory, a file of Keras, or a downloaded one.

    Args:
        path: a path, or an address in an MLflow registry.
        base: directory that a relative path is looked up in first; addresses are no paths.

    Raises:
        AuditError: nothing is there, or it is a file of another kind; or the registry has no such model.
    """
    if is_address(path):
        from audit.registry.download import download

        folder, resolved = download(path)
        model = artifact_inside(folder)
        _require_digest(path, model, resolved.digest)
        return ModelSource(model, resolved.facts)
    return ModelSource(_local_model(path, locate(path, base)))


def artifact_inside(folder: Path) -> Path:
    """Return the SavedModel or Keras file in a downloaded directory: its digest is that of the model that was logged.

    Raises:
        AuditError: as of `find_artifact`.
    """
    files = [entry for entry in folder.iterdir() if entry.suffix.lower() in _KERAS]
    only_file = len(files) == 1 and len(list(folder.iterdir())) == 1
    return find_artifact(files[0] if only_file else folder).path


def _require_digest(address: str, model: Path, registered: str | None) -> None:
    """Require the bytes that the version's tag speaks of: nothing in MLflow keeps files from being replaced."""
    if registered is not None and (actual := digest(model)) != registered:
        raise AuditError(
            where=address,
            expected=f"the model that was registered, {registered}",
            found=f"{actual}: its files were replaced, or the tag {DIGEST_TAG!r} was edited",
            fix="register the model again, or put back the files",
        )


def _local_model(path: str, model: Path) -> Path:
    if not model.exists():
        raise AuditError(
            where=path,
            expected=_FORMS,
            found="no such file or directory",
            fix="check the path; relative paths start from the policy's directory or the current one",
        )
    if model.is_file() and model.suffix.lower() not in _KERAS:
        raise AuditError(
            where=path,
            expected=_FORMS,
            found=f"a file named *{model.suffix or model.name}",
            fix="for 'saved_model.pb' name the directory that holds it" if model.suffix == ".pb" else "",
        )
    return model


def find_artifact(path: Path) -> Artifact:
    """Return the SavedModel or Keras file at ``path``, or that which an MLflow directory there names.

    Raises:
        AuditError: it is a directory that holds no model or several, or an MLflow model that cannot be loaded.
    """
    if path.is_file():
        return Artifact(path, *[_keras_kind(path)] * 2)
    graphs = graph_file(path)
    mlflow = (path / FILE).is_file()
    if graphs and mlflow:
        raise AuditError(
            where=str(path),
            expected="one model: a SavedModel directory, or an MLflow directory that names its artifact",
            found=f"{graphs.name} beside {FILE}, which loaders of the two kinds would read differently",
            fix=f"name the directory inside it that {FILE} names, or take {graphs.name} out",
        )
    if graphs:
        _require_one_graph(path)
        return Artifact(path, "SavedModel", "SavedModel directory")
    if not mlflow:
        raise _no_model(path)
    inside = mlflow_artifact(path)
    _require_one_graph(inside)
    kind: Kind = _keras_kind(inside) if inside.is_file() else "SavedModel"
    return Artifact(inside, kind, f"MLflow directory, {kind} in {inside.relative_to(path).as_posix()}")


def graph_file(folder: Path) -> Path | None:
    """Return the ``saved_model.pb`` (or ``.pbtxt``) of the SavedModel in ``folder``, None if there is none."""
    return next((folder / name for name in _GRAPHS if (folder / name).is_file()), None)


def _require_one_graph(folder: Path) -> None:
    """Require one file of graphs: which of several is read depends on the loader."""
    present = [name for name in (*_GRAPHS, _CHUNKED) if (folder / name).is_file()]
    if len(present) > 1:
        raise AuditError(
            where=str(folder),
            expected="one file of graphs in a SavedModel directory",
            found=f"{' beside '.join(present)}, of which loaders read different ones",
            fix="export the model again into an empty directory, or take out the file that is not served",
        )


def _keras_kind(path: Path) -> Kind:
    return ".keras file" if path.suffix.lower() == ".keras" else "HDF5 file of Keras"


def _no_model(folder: Path) -> AuditError:
    names = sorted(entry.name for entry in folder.iterdir())
    below = [name for name in names if graph_file(folder / name)]
    return AuditError(
        where=str(folder),
        expected=f"a SavedModel directory: it holds 'saved_model.pb' and 'variables/' (or MLflow's: it holds {FILE!r})",
        found=f"a directory with {', '.join(names[:8])}" if names else "an empty directory",
        fix=f"name the model's own directory: {folder / below[-1]}"
        if below
        else "name the directory that 'model.export' or 'tf.saved_model.save' wrote (often a version number)",
    )
