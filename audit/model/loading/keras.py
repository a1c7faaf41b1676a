"""Loads a `.keras` or HDF5 file of Keras in safe mode and exports it: what follows sees SavedModels only."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from pathlib import Path

from audit.errors import AuditError
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.loading.keras_config import KerasConfig, read_keras_config
from audit.model.loading.saved_model import LoadedModel, open_saved_model

_UNKNOWN = re.compile(r"(?:Could not locate class|Unknown layer:) '([^']{1,80})'")


def open_keras(path: Path, allowed: Collection[str]) -> LoadedModel:
    """Load a file of Keras, as `open_saved_model` loads its export.

    Raises:
        AuditError: the file is not one of Keras, holds Python code, or cannot be loaded.
    """
    config = read_keras_config(path)
    if config.code:
        raise _holds_code(path, f"the layer or function {config.code[0]!r} with code of its own")
    tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        try:
            with quiet():
                import keras

                model = keras.models.load_model(path, compile=False, safe_mode=True)
                model.export(folder, verbose=False)
        except Exception as error:
            raise _unreadable(path, config, error) from error
        return open_saved_model(Path(folder), path, allowed)


def _unreadable(path: Path, config: KerasConfig, error: Exception) -> AuditError:
    import keras

    if "safe_mode" in str(error):
        return _holds_code(path, "a Lambda layer or another function, which Keras' safe mode refuses")
    unknown = _UNKNOWN.search(str(error))
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    reason = f"{type(error).__name__}: {first[:300]}"
    if config.version and config.version.startswith("2."):
        reason = f"a file of Keras {config.version}, which Keras {keras.__version__} cannot rebuild: {reason}"
    elif unknown:
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
