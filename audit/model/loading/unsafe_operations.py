"""Operations that do more than compute: a SavedModel is a program that runs on the auditor's machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.errors import quote_list
from audit.model.graph.traversal import node_name
from audit.model.loading.assets import foreign_tables
from audit.model.loading.entry_points import INITIAL, entry_points
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


def unsafe_operations(proto: Any) -> list[UnsafeOperation]:
    """Return the operations in a SavedModel protocol buffer that reach beyond the model, sorted.

    Files, network, processes, Python and the terminal are out of reach for a model. Writing variables belongs
    to the saver's save and reading them to its restore, and neither to anything that a signature, an object
    or an initializer calls; tables are filled from nothing but the model's own assets.
    """
    unsafe = {operation for meta in proto.meta_graphs for operation in _of_meta_graph(meta)}
    return sorted(unsafe, key=lambda u: (u.operation, u.function or "", u.signatures, u.loading))


def _of_meta_graph(meta: Any) -> Iterator[UnsafeOperation]:
    graph = ProgramGraph(meta.graph_def)
    if unsafe := _unsafe_parts(meta, graph):
        reach = {name: graph.reach(tensors) for name, tensors in entry_points(meta).items()}
    for (kind, part), operation in unsafe:
        names = {name for name, parts in reach.items() if (kind, part) in parts}
        function = part if kind == "function" else None
        yield UnsafeOperation(operation, function, tuple(sorted(names - {INITIAL})), INITIAL in names)


def _unsafe_parts(meta: Any, graph: ProgramGraph) -> set[tuple[Part, str]]:
    """Return the parts of a graph with unsafe operations, and the type of each operation."""
    saver = meta.saver_def
    tensors = [name for names in entry_points(meta).values() for name in names]
    called = graph.reach(tensors, meta.object_graph_def.concrete_functions)
    restored = graph.reach([saver.restore_op_name]) - called
    if not meta.HasField("object_graph_def"):  # loading executes the restore of TensorFlow 1, and no other
        restored &= graph.reading_only(node_name(saver.filename_tensor_name))
    saved = graph.reach([saver.save_tensor_name]) - called - restored
    unsafe = graph.operations(graph.parts, NEVER)
    unsafe |= graph.operations(graph.parts - saved, SAVES)
    unsafe |= graph.operations(graph.parts - saved - restored, RESTORES)
    return unsafe | {graph.part(scope, node) for scope, node in foreign_tables(meta)}
