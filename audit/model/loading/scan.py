"""Scan of a model's files without executing anything: a SavedModel is a program."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import AuditError, quote_list
from audit.frameworks.tensorflow_loader import saved_model_message
from audit.model.loading.entry_points import INITIAL
from audit.model.loading.references import require_references
from audit.model.loading.unsafe_operations import UnsafeOperation, unsafe_operations
from audit.provenance.files import files_below
from audit.registry.artifact import Artifact, find_artifact, graph_file


@dataclass(frozen=True)
class Scan:
    """The kind of a model's files, its signatures and unsafe operations, and the TensorFlow that wrote it."""

    source: str
    signatures: list[str]
    unsafe: list[UnsafeOperation]
    tensorflow: str | None

    @property
    def operations(self) -> list[str]:
        """The types of the unsafe operations, sorted."""
        return sorted({item.operation for item in self.unsafe})


def scan(path: Path) -> Scan:
    """Read a model without loading it.

    A file of Keras holds layers and no graph: it is scanned after its export.

    Raises:
        AuditError: there is no model, its file is damaged, or a symbolic link leads out of its directory.
    """
    artifact = own_artifact(path)
    if artifact.kind != "SavedModel":
        return Scan(artifact.source, ["serving_default"], [], None)
    proto = read_graphs(artifact.path)
    meta = serving_graph(proto, artifact.path)
    signatures = sorted(name for name in meta.signature_def if name != INITIAL)
    version = meta.meta_info_def.tensorflow_version
    return Scan(artifact.source, signatures, unsafe_operations(proto, meta), version or None)


def own_artifact(path: Path) -> Artifact:
    """Return the artifact that is loaded for the model at ``path``; a directory has to hold all of its files.

    Raises:
        AuditError: there is no model, or a symbolic link leads out of the directory.
    """
    for _ in files_below(path) if path.is_dir() else ():
        pass  # it raises at a link that leads out
    return find_artifact(path)


def read_graphs(path: Path) -> Any:
    """Return the SavedModel protocol buffer in the SavedModel directory ``path``.

    Raises:
        AuditError: it is damaged or empty, or refers to what it does not hold.
    """
    file = graph_file(path)
    assert file is not None, f"{path} was found to be a SavedModel"
    proto = _parse(file)
    if not proto.meta_graphs:
        raise AuditError(
            where=str(file),
            expected="a whole SavedModel protocol buffer",
            found=f"{file.stat().st_size:,} bytes that do not parse as one: the file is cut short or damaged",
            fix="export or copy the model again",
        )
    for meta in proto.meta_graphs:
        require_references(meta, file)
    return proto


def serving_graph(proto: Any, path: Path) -> Any:
    """Return the only meta graph of a SavedModel, or the one that is tagged for serving.

    Raises:
        AuditError: of several, none has the tag ``serve`` alone.
    """
    tags = [list(meta.meta_info_def.tags) for meta in proto.meta_graphs]
    if len(tags) > 1 and ["serve"] not in tags:
        raise AuditError(
            where=str(path),
            expected="one graph, or one that is tagged 'serve' and nothing else",
            found=f"{len(tags)} graphs with the tags {', '.join(map(str, tags))}",
            fix="export the graph that is served alone",
        )
    return proto.meta_graphs[tags.index(["serve"]) if len(tags) > 1 else 0]


def graph_warnings(proto: Any, meta: Any) -> Iterator[str]:
    """Yield what a server might load of the SavedModel ``proto`` other than the meta graph ``meta``."""
    tags = list(meta.meta_info_def.tags)
    if "serve" not in tags:
        known = f"tagged {quote_list(tags)}" if tags else "without a tag"
        yield f"the model's graph is {known}, and not 'serve': servers do not load it, and training may act otherwise"
    others = [", ".join(other.meta_info_def.tags) for other in proto.meta_graphs if other is not meta]
    if others:
        yield f"the model holds other graphs, of which this audit says nothing, tagged {quote_list(others)}"


def _parse(file: Path) -> Any:
    """Return the parsed file, an empty message if it is damaged."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    try:
        if file.suffix == ".pbtxt":
            return text_format.Parse(file.read_text("utf-8"), saved_model_message())
        return type(saved_model_message()).FromString(file.read_bytes())
    except (DecodeError, text_format.ParseError, UnicodeDecodeError):
        return saved_model_message()
