"""Loads a SavedModel directory, once its operations and assets have been checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from audit.errors import AuditError, Setting
from audit.frameworks.output_silencing import quiet
from audit.model.loading.allowed_operations import AllowedOperations
from audit.model.loading.assets import missing_assets
from audit.model.loading.entry_points import INITIAL, entry_points, loading_functions
from audit.model.loading.literal_paths import load_literally
from audit.model.loading.load_errors import unreadable
from audit.model.loading.program_graph import ProgramGraph
from audit.model.loading.scan import graph_warnings, read_graphs, serving_graph
from audit.model.loading.unsafe_operations import UnsafeOperation, unsafe_operations
from audit.model.state.refusal import loading_state, require_stateless

_NAMED_PLACES = 4  # of unsafe operations, in a message


class LoadedModel(NamedTuple):
    """TensorFlow's loaded object, and the operations in its graphs that ran because the policy names them, sorted.

    ``warnings`` say what else the file holds, of which an audit says nothing.
    """

    module: Any
    allowed: list[str]
    warnings: list[str]


def open_saved_model(path: Path, where: Path, allowed: AllowedOperations) -> LoadedModel:
    """Load the SavedModel directory ``path``, which messages call ``where``.

    ``allowed`` is what the policy allows.

    Raises:
        AuditError: the model has an unsafe operation that is not allowed, depends on when it is loaded, or cannot be
            loaded.
    """
    proto = read_graphs(path)
    meta = serving_graph(proto, where)
    unsafe = unsafe_operations(proto, meta)
    if refused := [item for item in unsafe if item.operation not in allowed.operations]:
        raise _refused(where, refused)
    stateful = loading_state(_loading_operations(meta))
    require_stateless(stateful, allowed.operations, str(where), "loading the model runs")
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
            loaded = load_literally(path, tags)
    except Exception as error:
        raise unreadable(path, where, meta, error) from error
    used = allowed.used({*stateful, *(item.operation for item in unsafe)})
    return LoadedModel(loaded, used, list(graph_warnings(proto, meta)))


def _loading_operations(meta: Any) -> set[str]:
    """Return the types of the operations that loading runs: initializers, functions of resources, the restore."""
    graph = ProgramGraph(meta.graph_def)
    tensors = [*entry_points(meta)[INITIAL], meta.saver_def.restore_op_name]
    return graph.types(graph.reach(tensors, loading_functions(meta)))


def _refused(where: Path, unsafe: Sequence[UnsafeOperation]) -> AuditError:
    first = {item.operation: item for item in reversed(unsafe)}  # one place of each operation
    names = sorted(first)
    places = "; ".join(f"{name!r} {first[name].place}" for name in names[:_NAMED_PLACES])
    more = f"; and {', '.join(names[_NAMED_PLACES:])}" if names[_NAMED_PLACES:] else ""
    trust = Setting("model.allow_operations", f"[{', '.join(names)}]")
    return AuditError(
        where=str(where),
        expected="a model that computes only: a SavedModel is a program that runs on this machine",
        found=f"operations that reach files, network or Python: {places}{more}",
        fix=f"export the model without them, or trust it with {trust}",
        settings=[trust],
    )
