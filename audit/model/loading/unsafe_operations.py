"""Operations that do more than compute: a SavedModel is a program that runs on the auditor's machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.errors import quote_list
from audit.model.graph.traversal import node_name
from audit.model.loading.assets import foreign_tables
from audit.model.loading.entry_points import INITIAL, entry_points, loading_functions
from audit.model.loading.program_graph import Part, ProgramGraph
from audit.policy.unsafe_operations import NEVER, RESTORES, SAVES


@dataclass(frozen=True)
class UnsafeOperation:
    """An operation that reaches beyond the model, and its place.

    ``function`` is the library function that holds it, None for the main graph; ``signatures`` are those that reach
    it, ``loading`` says whether loading does.
    """

    operation: str
    function: str | None
    signatures: tuple[str, ...]
    loading: bool

    @property
    def place(self) -> str:
        """Its place, in words."""
        holder = f"the function {quote_list([self.function])}" if self.function else "the main graph"
        callers = [quote_list(self.signatures, 4)] * bool(self.signatures) + ["loading"] * self.loading
        return f"in {holder}, reached by {' and '.join(callers) or 'no signature'}"


def unsafe_operations(proto: Any, meta: Any) -> list[UnsafeOperation]:
    """Return the operations that reach beyond a model and that a call or loading can run, sorted.

    ``meta`` is the meta graph of the SavedModel ``proto`` that is loaded.

    Files, network, processes, Python and the terminal are out of reach for a model. Restoring variables is the saver's,
    and no matter of what a signature, an object or an initializer calls; tables are filled from nothing but the model's
    own assets. What nothing reaches does not run: exporters leave savers, analyzers and functions of models that were
    put into this one.
    """
    # Of a single graph with objects, loading calls functions and never executes the main graph.
    loads_objects = len(proto.meta_graphs) == 1 and meta.HasField("object_graph_def")
    unsafe = set(_unsafe(meta, ProgramGraph(meta.graph_def), loads_objects))
    return sorted(unsafe, key=lambda u: (u.operation, u.function or "", u.signatures, u.loading))


def _unsafe(meta: Any, graph: ProgramGraph, loads_objects: bool) -> Iterator[UnsafeOperation]:
    if unsafe := _unsafe_parts(meta, graph, loads_objects):
        reach = {name: graph.reach(tensors) for name, tensors in entry_points(meta).items()}
        reach[INITIAL] |= graph.reach([meta.saver_def.restore_op_name], loading_functions(meta))
    for (kind, part), operation in unsafe:
        names = {name for name, parts in reach.items() if (kind, part) in parts}
        function = part if kind == "function" else None
        yield UnsafeOperation(operation, function, tuple(sorted(names - {INITIAL})), INITIAL in names)


def _unsafe_parts(meta: Any, graph: ProgramGraph, loads_objects: bool) -> set[tuple[Part, str]]:
    """Return the parts of a graph with unsafe operations that can run, and the type of each operation."""
    saver = meta.saver_def
    tensors = [name for names in entry_points(meta).values() for name in names]
    functions = [*meta.object_graph_def.concrete_functions, *graph.substitutes]
    called = graph.reach(tensors, functions)
    restored = graph.reach([saver.restore_op_name])
    live = called | restored
    own = restored - called
    if not loads_objects:  # loading executes the restore of TensorFlow 1, and no other
        own &= graph.reading_only(node_name(saver.filename_tensor_name))
    unsafe = graph.operations(live, NEVER | SAVES) | graph.operations(live - own, RESTORES)
    filling = graph.reach([], functions) if loads_objects else live
    return unsafe | {graph.part(scope, node) for scope, node in foreign_tables(meta, filling)}
