"""Finds operations that do more than compute: a SavedModel is a program that runs on the auditor's machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_NEVER = frozenset(
    {
        *(
            "Abort",
            "PyFunc",
            "PyFuncStateless",
            "EagerPyFunc",
            "LoadLibrary",
            "RpcCall",
            "RpcServer",
            "RpcClient",
        ),
        *("ReadFile", "WriteFile", "MatchingFiles", "ImmutableConst", "LMDBReader", "LMDBDataset"),
        *("WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2", "TextLineDataset"),
        *("FixedLengthRecordReader", "FixedLengthRecordReaderV2", "TFRecordReader", "TFRecordReaderV2"),
        *("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "TFRecordDataset", "TFRecordDatasetV2"),
        *(
            "SaveDataset",
            "SaveDatasetV2",
            "LoadDataset",
            "DistributedSave",
            "SqlDataset",
            "ExperimentalSqlDataset",
        ),
        *("CSVDataset", "CSVDatasetV2", "ExperimentalCSVDataset", "SnapshotDataset", "SnapshotDatasetV2"),
        *("CreateSummaryFileWriter", "CreateSummaryDbWriter", "Print", "PrintV2"),
        *("DataServiceDataset", "DataServiceDatasetV2", "DataServiceDatasetV3", "DataServiceDatasetV4"),
    }
)
_SAVER_ONLY = frozenset(
    {
        *("Save", "SaveSlices", "SaveV2", "Restore", "RestoreSlice", "RestoreV2", "MergeV2Checkpoints"),
        *("ShardedFilename", "ShardedFilespec", "DeleteFile"),
    }
)
_TABLE_FILES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})


def unsafe_operations(proto: Any) -> list[str]:
    """Return the types of operations in a SavedModel protocol buffer that reach beyond the model, sorted.

    Files, network, processes, Python and the terminal are out of reach for a model. Reading and writing
    variables belongs to the saver and to nothing that a signature or an initializer calls; tables are
    read from files only in a model that declares assets.
    """
    return sorted({name for meta in proto.meta_graphs for name in _unsafe(meta)})


def _unsafe(meta: Any) -> set[str]:
    graph = _Graph(meta.graph_def)
    saver = meta.saver_def
    saved = graph.reach([saver.save_tensor_name, saver.restore_op_name, saver.filename_tensor_name])
    served = graph.reach(name for signature in meta.signature_def.values() for name in _tensors(signature))
    everything = graph.operations(set(graph.nodes), set(graph.functions))
    apart_from_saver = graph.operations(
        set(graph.nodes) - (saved[0] - served[0]), set(graph.functions) - (saved[1] - served[1])
    )
    tables = _TABLE_FILES if not meta.asset_file_def else frozenset[str]()
    return everything & (_NEVER | tables) | apart_from_saver & _SAVER_ONLY


def _tensors(signature: Any) -> list[str]:
    return [info.name for info in signature.outputs.values()]


class _Graph:
    def __init__(self, graph: Any) -> None:
        self.nodes = {node.name: node for node in graph.node}
        self.functions = {function.signature.name: function for function in graph.library.function}

    def reach(self, tensors: Iterable[str]) -> tuple[set[str], set[str]]:
        """Return the nodes of the main graph, and the functions, that computing ``tensors`` executes."""
        nodes: set[str] = set()
        queue = [_node(name) for name in tensors if name]
        while queue:
            name = queue.pop()
            if name in self.nodes and name not in nodes:
                nodes.add(name)
                queue += [_node(tensor) for tensor in self.nodes[name].input]
        return nodes, self._called(self.nodes[name] for name in nodes)

    def operations(self, nodes: set[str], functions: set[str]) -> set[str]:
        """Return the types of the operations in these nodes and function bodies."""
        inside = [node.op for name in functions for node in self.functions[name].node_def]
        return {self.nodes[name].op for name in nodes} | set(inside)

    def _called(self, nodes: Iterable[Any]) -> set[str]:
        found: set[str] = set()
        queue = [name for node in nodes for name in _callees(node)]
        while queue:
            name = queue.pop()
            if name in self.functions and name not in found:
                found.add(name)
                queue += [callee for node in self.functions[name].node_def for callee in _callees(node)]
        return found


def _callees(node: Any) -> list[str]:
    """Return the functions that a node calls: by its attributes, or as its own type."""
    values = [node.op]
    for attribute in node.attr.values():
        values += [attribute.func.name, *(function.name for function in attribute.list.func)]
    return [name for name in values if name]


def _node(tensor: str) -> str:
    return tensor.lstrip("^").partition(":")[0]
