"""References inside a meta graph: a damaged one names objects, assets or functions that it does not hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.errors import AuditError


def require_references(meta: Any, file: Path) -> None:
    """Refuse a meta graph, read from ``file``, whose objects refer to something that is not in it.

    TensorFlow would raise an IndexError, which names neither.

    Raises:
        AuditError: a reference leads nowhere.
    """
    if broken := next(_broken(meta), None):
        raise AuditError(
            where=str(file),
            expected="a graph of objects that holds all that it refers to",
            found=broken,
            fix="export or copy the model again",
        )


def _broken(meta: Any) -> Iterator[str]:
    objects = meta.object_graph_def
    assets = len(meta.asset_file_def)
    functions = set(objects.concrete_functions)
    for number, node in enumerate(objects.nodes):
        if node.HasField("asset") and not 0 <= node.asset.asset_file_def_index < assets:
            yield f"object {number} is asset {node.asset.asset_file_def_index}, of {assets}"
        for other in _objects_of(node):
            if not 0 <= other < len(objects.nodes):
                yield f"object {number} refers to object {other}, of {len(objects.nodes)}"
        for name in _functions_of(node):
            if name not in functions:
                yield f"object {number} calls the function {name!r}, which is not there"
    for name, function in objects.concrete_functions.items():
        for other in function.bound_inputs:
            if not 0 <= other < len(objects.nodes):
                yield f"the function {name!r} is bound to object {other}, of {len(objects.nodes)}"


def _objects_of(node: Any) -> Iterator[int]:
    yield from (child.node_id for child in node.children)
    for item in node.saveable_objects.values():
        yield from (item.save_function, item.restore_function)


def _functions_of(node: Any) -> Iterator[str]:
    yield from node.function.concrete_functions
    if node.HasField("bare_concrete_function"):
        yield node.bare_concrete_function.concrete_function_name
