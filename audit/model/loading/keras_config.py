"""Configuration of a Keras file, read without building the model: its version and any Python code in it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audit.errors import AuditError

_CODE = frozenset({"Lambda", "__lambda__"})  # classes whose configuration is Python code


@dataclass(frozen=True)
class KerasConfig:
    """The version of Keras that wrote a file, None if unknown, and the names of layers that hold Python code."""

    version: str | None
    code: list[str]


def read_keras_config(path: Path) -> KerasConfig:
    """Read the configuration of a `.keras` file, or of a whole model in HDF5.

    Raises:
        AuditError: it is neither, is damaged, or its weights are in other files.
    """
    try:
        config, version = (_from_archive if path.suffix.lower() == ".keras" else _from_hdf5)(path)
        return KerasConfig(version, sorted(set(_code(json.loads(config)))))
    except (OSError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise _damaged(path) from error


def _from_archive(path: Path) -> tuple[str | bytes, str | None]:
    with zipfile.ZipFile(path) as archive:
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
        name = file.visititems_links(outside) or file.visititems(outside)
    if name:
        raise AuditError(
            where=str(path),
            expected="weights that lie in the file itself, so that its digest covers them",
            found=f"{name!r}, which leads to another file",
            fix="save the model again with model.save('NAME.keras')",
        )


def _code(config: Any) -> Iterator[str]:
    """Yield the names of the layers and functions in a configuration that are Python code."""
    if isinstance(config, dict):
        if config.get("class_name") in _CODE:
            inside = config.get("config")
            name = inside.get("name") if isinstance(inside, dict) else None
            yield str(name or config["class_name"])[:80]
            return
        config = list(config.values())
    for part in config if isinstance(config, list) else ():
        yield from _code(part)


def _damaged(path: Path) -> AuditError:
    kind = "a .keras file (a zip archive)" if path.suffix.lower() == ".keras" else "an HDF5 file of Keras"
    return AuditError(
        where=str(path),
        expected=f"{kind}, whole",
        found=f"{path.stat().st_size:,} bytes that are not one",
        fix="save or copy the model again: model.save('NAME.keras')",
    )
