"""Opens a SavedModel directory or a `.keras` file and takes out one signature."""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import AuditError, nearest, some
from audit.model.framework import tensorflow
from audit.model.scan import scan
from audit.quiet import quiet


@dataclass(frozen=True)
class Signature:
    """One signature of a loaded model.

    ``function`` is its ConcreteFunction: differentiable, called with one keyword per input. ``owner``
    keeps the loaded object alive, without which the function loses its variables. ``inputs`` and
    ``outputs`` map names to TensorSpecs, sorted by name.
    """

    name: str
    function: Any
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    owner: Any


def find_model(path: str | Path) -> Path:
    """Return ``path`` if a model can be there.

    Raises:
        AuditError: nothing is there, or it is neither a directory nor a `.keras` file.
    """
    found = Path(path)
    if not found.exists():
        raise AuditError(
            where=str(path),
            expected="a SavedModel directory or a .keras file",
            found="no such file or directory",
            fix="check the path; relative paths start from the policy's directory or the current one",
        )
    if found.is_file() and found.suffix != ".keras":
        raise AuditError(
            where=str(path),
            expected="a SavedModel directory or a .keras file",
            found=f"a file named *{found.suffix or found.name}",
            fix="for 'saved_model.pb' name the directory that holds it" if found.suffix == ".pb" else "",
        )
    return found


def open_signature(path: Path, name: str) -> Signature:
    """Load the model at ``path`` and return its signature ``name``.

    Raises:
        AuditError: the model is damaged, unsafe, or has no such signature.
    """
    loaded = _open_keras(path) if path.is_file() else _open_saved_model(path)
    signatures = loaded.signatures
    if name not in signatures:
        raise AuditError(
            where=f"{path}: signature",
            expected=f"one of the model's signatures: {some(signatures)}",
            found=f"{name!r}{nearest(name, signatures)}",
            fix="set model.signature, or export the model with a serving signature",
        )
    function = signatures[name]
    inputs = dict(sorted(function.structured_input_signature[1].items()))
    return Signature(name, function, inputs, dict(sorted(function.structured_outputs.items())), loaded)


def _open_saved_model(path: Path) -> Any:
    unsafe = scan(path).unsafe
    if unsafe:
        raise AuditError(
            where=str(path),
            expected="a model that computes only: a SavedModel is a program that runs on this machine",
            found=f"operations that reach files, network or Python: {some(unsafe)}",
            fix="export the model without them",
        )
    try:
        with quiet():
            return tensorflow().saved_model.load(str(path))
    except Exception as error:
        raise _unreadable(path, error) from error


def _open_keras(path: Path) -> Any:
    """Load in safe mode and go through an export: then everything after it knows SavedModels only."""
    if not zipfile.is_zipfile(path):
        raise AuditError(
            where=str(path),
            expected="a .keras file (a zip archive)",
            found=f"{path.stat().st_size:,} bytes that are not one",
            fix="save the model again with model.save('NAME.keras')",
        )
    tensorflow()
    try:
        with quiet(), tempfile.TemporaryDirectory() as folder:
            import keras

            model = keras.models.load_model(path, compile=False, safe_mode=True)
            model.export(folder, verbose=False)
            return tensorflow().saved_model.load(folder)
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> AuditError:
    if "safe_mode" in str(error):
        return AuditError(
            where=str(path),
            expected="a .keras file that holds no Python code: it would run on this machine",
            found="a Lambda layer or another function, which Keras' safe mode refuses",
            fix="replace it by a layer of its own, or export a SavedModel with model.export",
        )
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    damaged = any(word in str(error) for word in ("variables", "sstable"))  # the latter is their index
    variables = path.is_dir() and (damaged or isinstance(error, IndexError))
    return AuditError(
        where=str(path / "variables" if variables else path),
        expected="all variables that the graph reads, whole"
        if variables
        else "a model that TensorFlow can load",
        found=f"{type(error).__name__}: {first[:300]}",
        fix="export or copy the model again",
    )
