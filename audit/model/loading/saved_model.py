"""Loads a SavedModel directory, once its operations and assets have been checked."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from audit.errors import AuditError
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.loading.assets import missing_assets
from audit.model.loading.load_errors import unreadable
from audit.model.loading.scan import read_graphs, serving_graph
from audit.model.loading.unsafe_operations import UnsafeOperation, unsafe_operations

_NAMED_PLACES = 4  # of unsafe operations, in a message


class LoadedModel(NamedTuple):
    """TensorFlow's loaded object, and the unsafe operations in its graphs, sorted."""

    module: Any
    unsafe_operations: list[str]


def open_saved_model(path: Path, where: Path, allowed: Collection[str]) -> LoadedModel:
    """Load the SavedModel directory ``path``, which messages call ``where``.

    ``allowed`` are the types of unsafe operations that the policy allows.

    Raises:
        AuditError: the model has an unsafe operation that is not allowed, or cannot be loaded.
    """
    proto = read_graphs(path)
    unsafe = unsafe_operations(proto)
    if refused := [item for item in unsafe if item.operation not in allowed]:
        raise _refused(where, refused)
    meta = serving_graph(proto, where)
    if missing := missing_assets(meta, path / "assets"):
        raise AuditError(
            where=str(path / "assets"),
            expected="all assets that the model names, such as the vocabularies of its lookup tables",
            found=f"nothing for {', '.join(map(repr, missing[:8]))}",
            fix="copy the model again, with all its folders",
        )
    tags = list(meta.meta_info_def.tags) if len(proto.meta_graphs) > 1 else None
    try:
        with quiet():
            loaded = tensorflow().saved_model.load(str(path), tags=tags)
    except Exception as error:
        raise unreadable(path, where, meta, error) from error
    return LoadedModel(loaded, sorted({item.operation for item in unsafe}))


def _refused(where: Path, unsafe: Sequence[UnsafeOperation]) -> AuditError:
    first = {item.operation: item for item in reversed(unsafe)}  # one place of each operation
    names = sorted(first)
    places = "; ".join(f"{name!r} {first[name].place}" for name in names[:_NAMED_PLACES])
    more = f"; and {', '.join(names[_NAMED_PLACES:])}" if names[_NAMED_PLACES:] else ""
    return AuditError(
        where=str(where),
        expected="a model that computes only: a SavedModel is a program that runs on this machine",
        found=f"operations that reach files, network or Python: {places}{more}",
        fix=f"export the model without them, or trust it with model.allow_operations: [{', '.join(names)}]",
    )
