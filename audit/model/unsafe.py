"""Finds operations that do more than compute: a SavedModel is a program that runs on the auditor's machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.model.assets import foreign_tables
from audit.model.graph import callees, node_name
from audit.model.operations import NEVER, RESTORES, SAVES

_INITIALIZERS = ("saved_model_main_op", "legacy_init_op")  # where older exporters name what loading runs

Part = tuple[str, str]  # ("node", name in the main graph) or ("function", name)


def unsafe_operations(proto: Any) -> list[str]:
    """Return the types of operations in a SavedModel protocol buffer that reach beyond the model, sorted.

    Files, network, processes, Python and the terminal are out of reach for a model. Writing variables belongs
    to the saver's save and reading them to its restore, and neither to anything that a signature, an object
    or an initializer calls; tables are filled from nothing but the model's own assets.
    """
    return sorted({name for meta in proto.meta_graphs for name in _unsafe(meta)})


def _unsafe(meta: Any) -> set[str]:
    graph, saver = _Graph(meta.graph_def), meta.saver_def
    called = graph.reach(_called_tensors(meta), meta.object_graph_def.concrete_functions)
    restored = graph.reach([saver.restore_op_name]) - called
    if not meta.HasField("object_graph_def"):  # loading executes the restore of TensorFlow 1, and no other
        restored &= graph.reading_only(node_name(saver.filename_tensor_name))
    saved = graph.reach([saver.save_tensor_name]) - called - restored
    saves = graph.operations(graph.parts - saved) & SAVES
    restores = graph.operations(graph.parts - saved - restored) & RESTORES
    return graph.operations(graph.parts) & NEVER | saves | restores | foreign_tables(meta)


def _called_tensors(meta: Any) -> list[str]:
    """Return what is computed in the main graph when the model is loaded or called."""
    outputs = [info.name for signature in meta.signature_def.values() for info in signature.outputs.values()]
    named = [name for key in _INITIALIZERS for name in meta.collection_def[key].node_list.value]
    return outputs + named


class _Graph:
    def __init__(self, graph: Any) -> None:
        self._nodes = {node.name: node for node in graph.node}
        self._functions = {function.signature.name: function for function in graph.library.function}
        self.parts: set[Part] = {("node", name) for name in self._nodes}
        self.parts |= {("function", name) for name in self._functions}

    def reach(self, tensors: Iterable[str], functions: Iterable[str] = ()) -> set[Part]:
        """Return what computing ``tensors`` and calling ``functions`` executes."""
        found: set[Part] = set()
        queue: list[Part] = [("node", node_name(name)) for name in tensors if name]
        queue += [("function", name) for name in functions]
        while queue:
            part = queue.pop()
            if part in self.parts and part not in found:
                found.add(part)
                kind, name = part
                inside = [self._nodes[name]] if kind == "node" else self._functions[name].node_def
                queue += [("function", callee) for node in inside for callee in callees(node)]
                if kind == "node":
                    queue += [("node", node_name(tensor)) for tensor in inside[0].input]
        return found

    def reading_only(self, checkpoint: str) -> set[Part]:
        """Return the nodes, without those that read a checkpoint whose name is not that of node ``checkpoint``."""
        nodes = self._nodes.values()
        own = (n for n in nodes if n.op not in RESTORES or node_name(n.input[0]) == checkpoint)
        return {("node", node.name) for node in own}

    def operations(self, parts: set[Part]) -> set[str]:
        """Return the types of the operations in these nodes and function bodies."""
        nodes = {self._nodes[name].op for kind, name in parts if kind == "node"}
        bodies = [self._functions[name].node_def for kind, name in parts if kind == "function"]
        return nodes | {node.op for body in bodies for node in body}
