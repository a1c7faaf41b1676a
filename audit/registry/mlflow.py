"""The model in an MLflow model directory, found by its `MLmodel` file; MLflow is not needed for it.

The format is that of ``mlflow.tensorflow.save_model`` and ``mlflow.keras.save_model``. The Python code and the
pickled objects that such a directory may hold as well are never loaded.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from audit.errors import AuditError, quote_list

FILE = "MLmodel"
_FLAVORS = ("tensorflow", "keras")
_PYFUNC = "python_function"
_LOADERS = ("mlflow.tensorflow", "mlflow.keras")
_KEYS = ("saved_model_dir", "data")
_IN_DATA = ("model.keras", "model.h5", "model", "")  # as MLflow has written it over the years


def mlflow_artifact(folder: Path) -> Path:
    """Return the SavedModel directory or Keras file that the `MLmodel` file in ``folder`` names.

    MLflow loads a directory by any flavour that is asked for, and serves it by `python_function`: all must name the
    same model.

    Raises:
        AuditError: the file is damaged, is of another flavour, names what is not there, or names several models.
    """
    flavors = _flavors(folder / FILE)
    _require_known_loaders(folder / FILE, flavors)
    served = [flavor for name in (*_FLAVORS, _PYFUNC) if isinstance(flavor := flavors.get(name), Mapping)]
    places = [(key, flavor[key]) for flavor in served for key in _KEYS if flavor.get(key) is not None]
    if not any(served[0].get(key) is not None for key in _KEYS):
        raise _no_artifact(folder, "data", "no such key")
    models = [model for key, name in places for model in _models(folder, key, name)]
    if len({model.resolve() for model in models}) > 1:
        raise _several(folder, [model.relative_to(folder).as_posix() for model in models])
    _require_one_description(folder, [folder / str(name) for _, name in places] + models)
    return models[0]


@dataclass(frozen=True)
class MlflowServing:
    """What an MLflow directory asks of MLflow's loaders besides the model: a signature, and Python code to import."""

    signature: str | None = None
    runs_code: bool = False


def mlflow_serving(folder: Path) -> MlflowServing:
    """Return what the `MLmodel` file in ``folder`` asks for; nothing if there is no such file.

    Raises:
        AuditError: the file is damaged.
    """
    if not (folder / FILE).is_file():
        return MlflowServing()
    flavors = [flavor for flavor in _flavors(folder / FILE).values() if isinstance(flavor, Mapping)]
    signatures = [flavor["signature_def_key"] for flavor in flavors if flavor.get("signature_def_key")]
    return MlflowServing(
        signature=str(signatures[0]) if signatures else None,
        runs_code=any(flavor.get("code") is not None for flavor in flavors),
    )


def _require_known_loaders(file: Path, flavors: Mapping[str, object]) -> None:
    """Require a flavour that is read here and no other, and that `python_function` is loaded by one of these, too."""
    known = [name for name in _FLAVORS if isinstance(flavors.get(name), Mapping)]
    others = [str(name) for name in flavors if name not in (*_FLAVORS, _PYFUNC)]
    if others or not known:
        raise AuditError(
            where=str(file),
            expected="an MLflow model of the flavour 'tensorflow' or 'keras'" + " and no other" * bool(known),
            found=f"the flavours {quote_list(sorted(map(str, flavors)))}",
            fix="log the model with mlflow.tensorflow.log_model, or name a SavedModel directory",
        )
    pyfunc = flavors.get(_PYFUNC)
    loader = pyfunc.get("loader_module") if isinstance(pyfunc, Mapping) else None
    if loader is not None and loader not in _LOADERS:
        raise AuditError(
            where=str(file),
            expected=f"a {_PYFUNC} that is loaded by {' or '.join(_LOADERS)}: it is what MLflow serves",
            found=f"loader_module: {loader!r:.200}, whose code may score otherwise",
            fix="log the model with mlflow.tensorflow.log_model, or name the SavedModel directory inside it",
        )


def _flavors(file: Path) -> Mapping[str, object]:
    content = None
    problem = "no 'flavors' in it"
    try:
        content = YAML(typ="safe", pure=True).load(file.read_text("utf-8"))
    except (YAMLError, ValueError, RecursionError) as error:
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    flavors = content.get("flavors") if isinstance(content, Mapping) else None
    if isinstance(flavors, Mapping):
        return flavors
    raise AuditError(
        where=str(file),
        expected="a YAML document that names the model's flavours",
        found=problem,
        fix="save or copy the MLflow model again",
    )


def _models(folder: Path, key: str, name: object) -> list[Path]:
    """Return the models at the place that a flavour's key names.

    Raises:
        AuditError: there is none, or it lies outside ``folder``.
    """
    place = folder / str(name)
    candidates = [place / inner for inner in _IN_DATA] if key == "data" else [place]
    models: list[Path] = []
    with suppress(OSError):  # a name that no file system takes
        models = [path for path in candidates if _is_model(path)]
    inside = all(path.resolve().is_relative_to(folder.resolve()) for path in models)
    if isinstance(name, str) and models and inside:
        return models
    raise _no_artifact(folder, key, f"{key}: {name!r:.200}, where there is none")


def _no_artifact(folder: Path, key: str, problem: str) -> AuditError:
    return AuditError(
        where=str(folder / FILE),
        expected=f"a SavedModel directory or a Keras file inside {folder}, named by '{key}'",
        found=problem,
        fix="save or copy the MLflow model again",
    )


def _several(folder: Path, names: list[str]) -> AuditError:
    return AuditError(
        where=str(folder / FILE),
        expected="flavours that all name the same model",
        found=f"several: {quote_list(list(dict.fromkeys(names)))}",
        fix="save the MLflow model again, or name the SavedModel directory inside it that is served",
    )


def _require_one_description(folder: Path, places: list[Path]) -> None:
    """Require no second `MLmodel` where the model lies: MLflow reads it instead of the first."""
    for place in places:
        if place.resolve() != folder.resolve() and (place / FILE).is_file():
            raise AuditError(
                where=str(folder / FILE),
                expected=f"one {FILE}",
                found=f"another in {place.relative_to(folder).as_posix()}, which MLflow would follow",
                fix="save or copy the MLflow model again",
            )


def _is_model(path: Path) -> bool:
    return (path.suffix in (".keras", ".h5") and path.is_file()) or any(
        (path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")
    )
