"""Reads the graphs of a SavedModel without executing anything: a SavedModel is a program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.model.framework import tensorflow
from audit.model.unsafe import unsafe_operations

_INIT = "__saved_model_init_op"  # not a signature that anybody calls


@dataclass(frozen=True)
class Scan:
    """What stands in a model's files: signatures, unsafe operations, and the TensorFlow that wrote it."""

    signatures: list[str]
    unsafe: list[str]
    tensorflow: str | None


def scan(path: Path) -> Scan:
    """Read a model without loading it.

    A `.keras` file holds layers and no graph; Keras' safe mode guards its loading.

    Raises:
        AuditError: the directory is not a SavedModel, or its file is damaged.
    """
    if path.is_file():
        return Scan(["serving_default"], [], None)
    proto = _read(path)
    signatures = {name for meta in proto.meta_graphs for name in meta.signature_def if name != _INIT}
    version = proto.meta_graphs[0].meta_info_def.tensorflow_version
    return Scan(sorted(signatures), unsafe_operations(proto), version or None)


def _read(path: Path) -> Any:
    """Return the SavedModel protocol buffer in the directory ``path``.

    Raises:
        AuditError: there is none, or it is damaged or empty.
    """
    file = path / "saved_model.pb"
    if not file.is_file():
        names = sorted(entry.name for entry in path.iterdir())[:8]
        raise AuditError(
            where=str(path),
            expected="a SavedModel directory: it holds 'saved_model.pb' and 'variables/'",
            found=f"a directory with {', '.join(names)}" if names else "an empty directory",
            fix="name the directory that 'model.export' or 'tf.saved_model.save' wrote (often a version number)",
        )
    tensorflow()
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString(file.read_bytes())
    except DecodeError:
        proto = saved_model_pb2.SavedModel()
    if not proto.meta_graphs:
        raise AuditError(
            where=str(file),
            expected="a whole SavedModel protocol buffer",
            found=f"{file.stat().st_size:,} bytes that do not parse as one: the file is cut short or damaged",
            fix="export or copy the model again",
        )
    return proto
