"""Operations that do more than compute: a SavedModel is a program that runs on the auditor's machine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from audit.errors import quote_list
from audit.model.graph.traversal import called_functions, node_name
from audit.model.loading.assets import foreign_tables
from audit.policy.unsafe_operations import NEVER, RESTORES, SAVES

INITIAL = "__saved_model_init_op"
"""The name, among a file's signatures, of the one that loading runs; nobody calls it."""

_INITIALIZERS = ("saved_model_main_op", "legacy_init_op")  # where older exporters name what loading runs

Part = tuple[str, str]  # ("node", name in the main graph) or ("function", name)


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
    graph = _Graph(meta.graph_def)
    if unsafe := _unsafe_parts(meta, graph):
        reach = {name: graph.reach(tensors) for name, tensors in _entry_points(meta).items()}
    for (kind, part), operation in unsafe:
        names = {name for name, parts in reach.items() if (kind, part) in parts}
        function = part if kind == "function" else None
        yield UnsafeOperation(operation, function, tuple(sorted(names - {INITIAL})), INITIAL in names)


def _unsafe_parts(meta: Any, graph: "_Graph") -> set[tuple[Part, str]]:
    """Return the parts of a graph with unsafe operations, and the type of each operation."""
    saver = meta.saver_def
    tensors = [name for names in _entry_points(meta).values() for name in names]
    called = graph.reach(tensors, meta.object_graph_def.concrete_functions)
    restored = graph.reach([saver.restore_op_name]) - called
    if not meta.HasField("object_graph_def"):  # loading executes the restore of TensorFlow 1, and no other
        restored &= graph.reading_only(node_name(saver.filename_tensor_name))
    saved = graph.reach([saver.save_tensor_name]) - called - restored
    unsafe = graph.operations(graph.parts, NEVER)
    unsafe |= graph.operations(graph.parts - saved, SAVES)
    unsafe |= graph.operations(graph.parts - saved - restored, RESTORES)
    return unsafe | {graph.part(scope, node) for scope, node in foreign_tables(meta)}


def _entry_points(meta: Any) -> dict[str, list[str]]:
    """Return the tensors of the main graph that are computed when the model is called, by signature, or loaded."""
    entries = {
        name: [tensor for info in signature.outputs.values() for tensor in _tensors(info)]
        for name, signature in meta.signature_def.items()
    }
    initializers = [name for key in _INITIALIZERS for name in meta.collection_def[key].node_list.value]
    return entries | {INITIAL: entries.get(INITIAL, []) + initializers}


def _tensors(info: Any) -> list[str]:
    """Return the tensors that an output consists of: one, three of a sparse one, or components."""
    sparse = info.coo_sparse
    parts = [sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
    inside = [name for part in info.composite_tensor.components for name in _tensors(part)]
    return [name for name in (info.name, *parts, *inside) if name]


class _Graph:
    def __init__(self, graph: Any) -> None:
        self._nodes = {node.name: node for node in graph.node}
        self._functions = {function.signature.name: function for function in graph.library.function}
        self.parts: set[Part] = {("node", name) for name in self._nodes}
        self.parts |= {("function", name) for name in self._functions}

    def reach(self, tensors: Iterable[str], functions: Iterable[str] = ()) -> set[Part]:
        """Return the parts that computing ``tensors`` and calling ``functions`` executes."""
        parts: set[Part] = set()
        queue: list[Part] = [("node", node_name(name)) for name in tensors if name]
        queue += [("function", name) for name in functions]
        while queue:
            part = queue.pop()
            if part in self.parts and part not in parts:
                parts.add(part)
                queue += [
                    ("function", callee) for node in self._inside(part) for callee in called_functions(node)
                ]
                if part[0] == "node":
                    queue += [("node", node_name(tensor)) for tensor in self._nodes[part[1]].input]
        return parts

    def reading_only(self, checkpoint: str) -> set[Part]:
        """Return all nodes but those that read another checkpoint than the one named by node ``checkpoint``."""
        return {
            ("node", node.name)
            for node in self._nodes.values()
            if node.op not in RESTORES or node_name(node.input[0]) == checkpoint
        }

    def operations(self, parts: set[Part], kinds: frozenset[str]) -> set[tuple[Part, str]]:
        """Return the operations of these ``kinds`` in nodes and function bodies, each with its part and type."""
        return {(part, node.op) for part in parts for node in self._inside(part) if node.op in kinds}

    def part(self, function: str, node: str) -> tuple[Part, str]:
        """Return the part that holds a node of ``function`` (of the main graph, if empty), and the node's type."""
        part = ("function", function) if function else ("node", node)
        return part, next(inner.op for inner in self._inside(part) if inner.name == node)

    def _inside(self, part: Part) -> Any:
        kind, name = part
        return [self._nodes[name]] if kind == "node" else self._functions[name].node_def
