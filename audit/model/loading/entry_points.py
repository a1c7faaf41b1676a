"""What of a meta graph is computed when a model is called, by signature, and what when it is loaded."""

from typing import Any

from audit.frameworks.tensorflow_loader import variable_initializer

INITIAL = "__saved_model_init_op"
"""The name, among a file's signatures, of the one that loading runs; nobody calls it."""

_INITIALIZERS = ("saved_model_main_op", "legacy_init_op")  # where older exporters name what loading runs
_TABLES = "table_initializer"  # what TensorFlow 1 runs if the file names none of these
_RESOURCE_FUNCTIONS = ("_create_resource", "_initialize")  # of an object, called by the loader


def entry_points(meta: Any) -> dict[str, list[str]]:
    """Return the tensors of the main graph that are computed when the model is called, by signature, or loaded."""
    entries = {
        name: [tensor for info in signature.outputs.values() for tensor in _tensors(info)]
        for name, signature in meta.signature_def.items()
    }
    initializers = _in_collections(meta, *_INITIALIZERS)
    if not initializers and INITIAL not in entries:
        initializers = [*_in_collections(meta, _TABLES), *_local_initializers(meta)]
    return entries | {INITIAL: entries.get(INITIAL, []) + initializers}


def _in_collections(meta: Any, *keys: str) -> list[str]:
    return [
        name
        for key in keys
        if key in meta.collection_def
        for name in meta.collection_def[key].node_list.value
    ]


def _local_initializers(meta: Any) -> list[str]:
    """Return the initializers of local variables, which no checkpoint holds."""
    if "local_variables" not in meta.collection_def:
        return []
    return [variable_initializer(item) for item in meta.collection_def["local_variables"].bytes_list.value]


def _tensors(info: Any) -> list[str]:
    """Return the tensors that an output consists of: one, three of a sparse one, or components."""
    sparse = info.coo_sparse
    parts = [sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
    inside = [name for part in info.composite_tensor.components for name in _tensors(part)]
    return [name for name in (info.name, *parts, *inside) if name]


def loading_functions(meta: Any) -> list[str]:
    """Return the library functions that loading calls by the objects: they make resources, fill or restore them."""
    objects = meta.object_graph_def
    children = [
        child.node_id
        for node in objects.nodes
        for child in node.children
        if child.local_name in _RESOURCE_FUNCTIONS
    ]
    restoring = [item.restore_function for node in objects.nodes for item in node.saveable_objects.values()]
    functions = [objects.nodes[number] for number in {*children, *restoring}]
    names = {function.bare_concrete_function.concrete_function_name for function in functions}
    return sorted(names.union(*(function.function.concrete_functions for function in functions)) - {""})
