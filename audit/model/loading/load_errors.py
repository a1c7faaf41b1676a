"""Errors for what TensorFlow cannot load: its own seldom name what is wrong with the files."""

import re
import traceback
from pathlib import Path
from typing import Any

from audit.errors import AuditError, quote_list
from audit.frameworks.tensorflow_loader import operation_definition, tensorflow
from audit.machine_errors import machine_error, raise_if_of_memory
from audit.model.graph.traversal import all_nodes

_KERNEL = re.compile(r"No registered '(\w+)' OpKernel|No OpKernel was registered to support Op '(\w+)'")


def unreadable(path: Path, where: Path, meta: Any, error: Exception) -> AuditError:
    """Return the AuditError for ``error``, raised when the meta graph ``meta`` of ``path`` was loaded.

    A newer TensorFlow is named only here, since most of its models load.
    """
    if of_machine := machine_error(error):
        return of_machine
    newer = _newer(meta)
    installed = f"TensorFlow {tensorflow().__version__}"
    if unknown := _unregistered(meta.graph_def):
        return AuditError(
            where=str(where),
            expected="operations of TensorFlow's own, or of a package that model.import names",
            found=f"operations that {installed} does not know: {quote_list(unknown)}{newer and f'; {newer}'}",
            fix="audit with the TensorFlow that made the model"
            if newer
            else "name the Python package that registers them in model.import, or export the model without them",
        )
    if newer:
        return AuditError(
            where=str(where),
            expected=f"a model that {installed} can load",
            found=f"{newer}; {error_line(error)}",
            fix="audit with the TensorFlow that made the model, or export it with the older one",
        )
    return _damaged(path, where, error)


def _damaged(path: Path, where: Path, error: Exception) -> AuditError:
    folder = path / "variables"
    words = ("variables", "sstable", "TensorSlice", "less bytes")  # of errors of the reader of checkpoints
    is_checkpoint = isinstance(error, IndexError) or any(word in str(error) for word in words)
    return AuditError(
        where=str(folder if is_checkpoint else where),
        expected="all variables that the graph reads, whole"
        if is_checkpoint
        else "a model that TensorFlow can load",
        found="no such directory" if is_checkpoint and not folder.is_dir() else error_line(error),
        fix="export or copy the model again",
    )


def _unregistered(graph: Any) -> list[str]:
    """Return the types of operations that neither TensorFlow nor the graph's own library defines."""
    functions = {function.signature.name for function in graph.library.function}
    used = {node.op for node in all_nodes(graph)}
    return sorted(name for name in used - functions if operation_definition(name) is None)


def _newer(meta: Any) -> str:
    """Return a sentence if a newer TensorFlow made the model, else an empty one."""
    tf = tensorflow()
    version = meta.meta_info_def.tensorflow_version
    is_known = meta.graph_def.versions.producer <= tf.version.GRAPH_DEF_VERSION
    if is_known and _major_minor(version) <= _major_minor(tf.__version__):
        return ""
    return f"the model was made by TensorFlow {version or 'unknown'}"


def _major_minor(version: str) -> tuple[int, ...]:
    """Return major and minor number; a development version counts as its release."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())


def graph_failure(error: Exception) -> str:
    """Return in one line why TensorFlow could not rewrite a graph.

    Raises:
        Exception: ``error`` itself, where it is a mistake in this package, or memory ran out: that says nothing of the
            user's model.
    """
    raise_if_of_memory(error)
    frame = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    if isinstance(error, NameError | AttributeError | TypeError) and package == __name__.partition(".")[0]:
        raise error
    return error_line(error)


def lacking_kernel(error: Exception) -> str | None:
    """Return in one line that this TensorFlow has no kernel for an operation, None if ``error`` says something else."""
    if isinstance(error, tensorflow().errors.UnimplementedError):
        return error_line(error)
    kernel = _KERNEL.search(str(error))
    return f"no kernel for {(kernel[1] or kernel[2])!r} on the devices of this machine" if kernel else None


def error_line(error: Exception) -> str:
    """Return type and message of TensorFlow's error in one line: of a graph that ran, the line with the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    location = ("Graph execution error", "Detected at", "File ", "<")
    causes = [line for line in lines if not line.startswith(location)]
    return f"{type(error).__name__}: {(causes or lines or [''])[0][:300]}"
