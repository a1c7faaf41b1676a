"""Assets of a model, and lookup tables that are filled from other files, which its digest does not cover."""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from audit.frameworks.tensorflow_loader import asset_file
from audit.model.graph.traversal import CALLS, called_functions, node_name
from audit.model.loading.program_graph import Part
from audit.policy.unsafe_operations import TABLES

_MAIN = ""  # the scope of the main graph; the others are named after their functions


def foreign_tables(meta: Any, live: Collection[Part]) -> set[tuple[str, str]]:
    """Return the operations in the parts ``live`` of a meta graph that fill a table from a file other than an asset.

    Each is a pair: the name of the function that contains the operation (empty for the main graph), and the node.
    """
    graph = _Scopes(meta, live)
    return {
        (scope, node.name)
        for scope, node in graph.operations()
        if node.op in TABLES and not (node.input[1:] and graph.is_asset(scope, node.input[1]))
    }


def missing_assets(meta: Any, folder: Path) -> list[str]:
    """Return the names of the model's own assets that are not in its ``folder`` of assets."""
    names = {file.filename for file in _asset_files(meta) if _is_inside(file.filename)}
    return sorted(name for name in names if not (folder / name).is_file())


class _Scopes:
    """The nodes that can run, by the function that holds them."""

    def __init__(self, meta: Any, live: Collection[Part]) -> None:
        library = meta.graph_def.library.function
        self._nodes = {
            function.signature.name: list(function.node_def)
            for function in library
            if ("function", function.signature.name) in live
        }
        self._nodes[_MAIN] = [node for node in meta.graph_def.node if ("node", node.name) in live]
        self._arguments = {f.signature.name: [a.name for a in f.signature.input_arg] for f in library}
        self._objects = meta.object_graph_def
        self._files = _asset_files(meta)
        self._inside = [file for file in self._files if _is_inside(file.filename)]

    def operations(self) -> Iterator[tuple[str, Any]]:
        """Yield every operation with its scope."""
        yield from ((scope, node) for scope, nodes in self._nodes.items() for node in nodes)

    def is_asset(self, scope: str, tensor: str, seen: frozenset[tuple[str, str]] = frozenset()) -> bool:
        """Return whether ``tensor`` is the name of an asset, passed on and never computed."""
        name = node_name(tensor)
        if (scope, name) in seen:
            return False
        seen |= {(scope, name)}
        if name in self._arguments.get(scope, ()):
            return self._is_handed_an_asset(scope, self._arguments[scope].index(name), seen)
        node = next((node for node in self._nodes[scope] if node.name == name), None)
        if node is not None and node.op == "Identity" and node.input:
            return self.is_asset(scope, node.input[0], seen)
        return scope == _MAIN and any(node_name(file.tensor_info.name) == name for file in self._inside)

    def _is_handed_an_asset(self, function: str, index: int, seen: frozenset[tuple[str, str]]) -> bool:
        """Return whether every caller of ``function`` passes an asset for its argument ``index``."""
        arguments = [
            node.op in CALLS and index < len(node.input) and self.is_asset(scope, node.input[index], seen)
            for scope, node in self.operations()
            if function in called_functions(node)
        ]
        if function in self._objects.concrete_functions:
            bound = self._objects.concrete_functions[function].bound_inputs
            place = index - (len(self._arguments[function]) - len(bound))
            arguments.append(place >= 0 and self._is_asset_object(self._objects.nodes[bound[place]]))
        return bool(arguments) and all(arguments)

    def _is_asset_object(self, node: Any) -> bool:
        return node.HasField("asset") and self._files[node.asset.asset_file_def_index] in self._inside


def _asset_files(meta: Any) -> list[Any]:
    """Return the model's assets; TensorFlow 1 lists them in a collection, which is read if the field is empty."""
    packed = meta.collection_def["saved_model_assets"].any_list.value
    return list(meta.asset_file_def) or [asset_file(item.value) for item in packed]


def _is_inside(filename: str) -> bool:
    """Return whether a name stays in the folder of assets to which the loader joins it: ``../x`` and ``/x`` do not."""
    path = PurePosixPath(filename)
    return bool(filename) and not path.is_absolute() and ".." not in path.parts
