"""Loads a `.keras` or HDF5 file of Keras in safe mode and exports it: what follows sees SavedModels only.

Its configuration is read first, without building the model: its version of Keras and any Python code in it.
"""

import json
import re
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audit.errors import AuditError
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.machine_errors import machine_error
from audit.model.loading.allowed_operations import AllowedOperations
from audit.model.loading.keras_sizes import require_bounded_datasets, require_bounded_members
from audit.model.loading.saved_model import LoadedModel, open_saved_model

_CODE = frozenset({"Lambda", "__lambda__"})  # classes whose configuration is Python code
_SAVED_MODEL = "TFSMLayer"  # the layer that is a SavedModel in another directory
_UNKNOWN = re.compile(r"(?:Could not locate class|Unknown layer:) '([^']{1,80})'")


def open_keras(path: Path, allowed: AllowedOperations) -> LoadedModel:
    """Load a file of Keras, as `open_saved_model` loads its export.

    Raises:
        AuditError: the file is not one of Keras, holds Python code, or cannot be loaded.
    """
    config = _read_config(path)
    if config.code:
        raise _holds_code(path, f"the layer or function {config.code[0]!r} with code of its own")
    if config.elsewhere:
        raise _lies_elsewhere(path, config.elsewhere[0])
    tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        try:
            with quiet():
                import keras

                model = keras.models.load_model(path, compile=False, safe_mode=True)
                model.export(folder, verbose=False)
        except Exception as error:
            raise machine_error(error) or _unreadable(path, config, error) from error
        return open_saved_model(Path(folder), path, allowed)


def _unreadable(path: Path, config: "_KerasConfig", error: Exception) -> AuditError:
    import keras

    if "safe_mode" in str(error):
        return _holds_code(path, "a Lambda layer or another function, which Keras' safe mode refuses")
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    reason = f"{type(error).__name__}: {first[:300]}"
    if config.version and config.version.startswith("2."):
        reason = f"a file of Keras {config.version}, which Keras {keras.__version__} cannot rebuild: {reason}"
    elif unknown := _UNKNOWN.search(str(error)):
        reason = f"the class {unknown[1]!r}, which is none of Keras' own"
    return AuditError(
        where=str(path),
        expected="a file that Keras can load, made of its own layers",
        found=reason,
        fix="where it was made, export a SavedModel: model.export('FOLDER') holds every layer as a graph",
    )


def _holds_code(path: Path, code: str) -> AuditError:
    return AuditError(
        where=str(path),
        expected="a file of Keras that holds no Python code: it would run on this machine",
        found=code,
        fix="replace it by a layer of its own, or export a SavedModel with model.export",
    )


def _lies_elsewhere(path: Path, layer: str) -> AuditError:
    return AuditError(
        where=str(path),
        expected="a file of Keras that holds all of the model, so that its digest covers it",
        found=f"the layer {layer!r} ({_SAVED_MODEL}), which is a SavedModel in another directory",
        fix="audit a SavedModel of the whole: where it was made, model.export('FOLDER')",
    )


@dataclass(frozen=True)
class _KerasConfig:
    """The version of Keras that wrote a file, None if unknown, and the names of layers that are refused.

    ``code`` are those that hold Python code, ``elsewhere`` those that are a SavedModel outside of the file.
    """

    version: str | None
    code: list[str]
    elsewhere: list[str]


def _read_config(path: Path) -> _KerasConfig:
    """Read the configuration of a `.keras` file, or of a whole model in HDF5, without building the model."""
    try:
        config, version = (_from_archive if path.suffix.lower() == ".keras" else _from_hdf5)(path)
        layers = json.loads(config)
        code, elsewhere = (sorted(set(_names(layers, kinds))) for kinds in (_CODE, frozenset({_SAVED_MODEL})))
        return _KerasConfig(version, code, elsewhere)
    except (OSError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        kind = "a .keras file (a zip archive)" if path.suffix.lower() == ".keras" else "an HDF5 file of Keras"
        raise AuditError(
            where=str(path),
            expected=f"{kind}, whole",
            found=f"{path.stat().st_size:,} bytes that are not one",
            fix="save or copy the model again: model.save('NAME.keras')",
        ) from error


def _from_archive(path: Path) -> tuple[str | bytes, str | None]:
    with zipfile.ZipFile(path) as archive:
        require_bounded_members(path, archive)
        if "model.weights.h5" in archive.namelist():
            with archive.open("model.weights.h5") as weights:
                _require_own_weights(path, weights)
        version = json.loads(archive.read("metadata.json")).get("keras_version")
        return archive.read("config.json"), version


def _from_hdf5(path: Path) -> tuple[str | bytes, str | None]:
    import h5py

    with h5py.File(path) as file:
        if "model_config" not in file.attrs:
            raise AuditError(
                where=str(path),
                expected="a whole model in HDF5, as model.save writes it",
                found="no configuration of layers: weights alone, or a file of another kind",
                fix="save the model with model.save('NAME.keras'), or export it with model.export",
            )
        config = file.attrs["model_config"]
        version = file.attrs.get("keras_version")
    _require_own_weights(path, path)
    return config, version.decode() if isinstance(version, bytes) else version


def _require_own_weights(path: Path, weights: Path | IO[bytes]) -> None:
    """Refuse links of HDF5 to other files, whose bytes no digest covers."""
    import h5py

    def outside(name: str, item: Any) -> str | None:
        other = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        return name if other or isinstance(item, h5py.ExternalLink) else None

    with h5py.File(weights) as file:
        require_bounded_datasets(path, file)
        name = file.visititems_links(outside) or file.visititems(outside)
    if name:
        raise AuditError(
            where=str(path),
            expected="weights that lie in the file itself, so that its digest covers them",
            found=f"{name!r}, which leads to another file",
            fix="save the model again with model.save('NAME.keras')",
        )


def _names(config: Any, kinds: Collection[str]) -> Iterator[str]:
    """Yield the names of the layers and functions in a configuration that are of these classes."""
    if isinstance(config, dict):
        if config.get("class_name") in kinds:
            inside = config.get("config")
            name = inside.get("name") if isinstance(inside, dict) else None
            yield str(name or config["class_name"])[:80]
            return
        config = list(config.values())
    for part in config if isinstance(config, list) else ():
        yield from _names(part, kinds)
