"""The model in an MLflow model directory, found by its `MLmodel` file; MLflow is not needed for it.

The format is that of ``mlflow.tensorflow.save_model`` and ``mlflow.keras.save_model``. The Python code and the
pickled objects that such a directory may hold as well are never loaded.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from audit.errors import AuditError, quote_list

FILE = "MLmodel"
_FLAVORS = ("tensorflow", "keras")
_IN_DATA = ("model.keras", "model.h5", "model", "")  # as MLflow has written it over the years


def mlflow_artifact(folder: Path) -> Path:
    """Return the SavedModel directory or Keras file that the `MLmodel` file in ``folder`` names.

    Raises:
        AuditError: the file is damaged, is of another flavour, or names what is not there.
    """
    flavors = _flavors(folder / FILE)
    for flavor in map(flavors.get, _FLAVORS):
        if isinstance(flavor, Mapping):
            return _artifact(folder, flavor)
    raise AuditError(
        where=str(folder / FILE),
        expected="an MLflow model of the flavour 'tensorflow' or 'keras'",
        found=f"the flavours {quote_list(sorted(map(str, flavors)))}",
        fix="log the model with mlflow.tensorflow.log_model, or name a SavedModel directory",
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


def _artifact(folder: Path, flavor: Mapping[str, object]) -> Path:
    key = "saved_model_dir" if "saved_model_dir" in flavor else "data"
    name = flavor.get(key)
    place = folder / str(name)
    candidates = [place / inner for inner in _IN_DATA] if key == "data" else [place]
    model = None
    with suppress(OSError):  # a name that no file system takes
        model = next((path for path in candidates if _is_model(path)), None)
    if isinstance(name, str) and model and model.resolve().is_relative_to(folder.resolve()):
        return model
    raise AuditError(
        where=str(folder / FILE),
        expected=f"a SavedModel directory or a Keras file inside {folder}, named by '{key}'",
        found="no such key" if name is None else f"{key}: {name!r:.200}, where there is none",
        fix="save or copy the MLflow model again",
    )


def _is_model(path: Path) -> bool:
    return (path.suffix in (".keras", ".h5") and path.is_file()) or (path / "saved_model.pb").is_file()
