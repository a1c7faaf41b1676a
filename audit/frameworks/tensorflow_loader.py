"""Imports TensorFlow once, on the command line without its start-up noise, and lists what is private in it.

The functions below `graph` reach into ``tensorflow.python`` and ``tensorflow.core``, which no release promises to keep:
they are what to read when the pin of TensorFlow is raised.
"""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Any, cast

from audit.frameworks.output_silencing import is_enabled, quiet

GRADIENT_COST = 3
"""Cost of a function with its gradient, in evaluations: backwards, a product of matrices becomes two."""
_NOT_INLINED = ("_XlaMustCompile", "_noinline")
_KERAS_HOOK = "keras.src.optimizers"
"""The module that TensorFlow imports last, if it can: that is all of Keras, with scikit-learn and matplotlib."""


@cache
def tensorflow() -> Any:
    """Return the tensorflow module, with default settings: other kernels give other scores.

    The command line's process imports no Keras along with it. A Python program that audits finds TensorFlow as usual.
    """
    with quiet(), _uncollected(), _without_keras() if is_enabled() else nullcontext():
        import tensorflow as tf

        if is_enabled():
            tf.get_logger().setLevel("ERROR")
            _share_gpus(tf)
        tf.config.list_logical_devices()  # starts the runtime, so that its noise is over here
    return tf


def _share_gpus(tf: Any) -> None:
    """Take of a GPU's memory what is needed, and not all of it: several workers may have the same one."""
    with suppress(RuntimeError):  # whoever started TensorFlow before, such as a plug-in, has decided
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)


def gpu_names() -> list[str]:
    """Return the names of the GPUs that TensorFlow computes on in this process."""
    tf = tensorflow()
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [str(device.get("device_name", "GPU")) for device in details]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage be collected while the block runs: an import creates little of it, and many objects to look at.

    On the command line, what exists afterwards stays for the rest of the process, and is not looked at again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        if is_enabled():
            gc.freeze()


@contextmanager
def _without_keras() -> Iterator[None]:
    """Let the import of Keras by TensorFlow fail while the block runs, which TensorFlow ignores.

    A SavedModel needs none: version 3 registers nothing with TensorFlow. ``tf.keras`` and ``import keras`` work later.
    """
    modules = cast(dict[str, Any], sys.modules)
    if _KERAS_HOOK in modules:
        yield
        return
    modules[_KERAS_HOOK] = None  # makes its import fail
    try:
        yield
    finally:
        del modules[_KERAS_HOOK]


def graph(function: Callable[..., Any], signature: Sequence[Any] | None = None) -> Any:
    """Return ``function`` as a `tf.function`, traced once for all numbers of rows, without AutoGraph."""
    tf = tensorflow()
    return tf.function(
        function, input_signature=signature, reduce_retracing=signature is None, autograph=False
    )


def with_constants(function: Any) -> Any:
    """Return a ConcreteFunction with variables as constants and calls inlined; the public function needs a session.

    Functions that XLA compiles (``jit_compile``) are inlined like others: TensorFlow leaves them as calls, through
    which neither a head is found nor a gradient passes. The graph of ``function`` must be the caller's own.
    """
    as_graph_def = function.graph.as_graph_def
    function.graph.as_graph_def = lambda *args, **kwargs: _inlinable(as_graph_def(*args, **kwargs))
    with quiet():
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        return convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)


def _inlinable(proto: Any) -> Any:
    """Remove from a GraphDef, in place, what keeps TensorFlow from inlining a function."""
    bodies = [function.node_def for function in proto.library.function]
    nodes = [node for scope in (proto.node, *bodies) for node in scope]
    for item in (*nodes, *proto.library.function):
        for name in _NOT_INLINED:
            item.attr.pop(name, None)
    return proto


def function_graph(definition: Any, shapes: Sequence[Any]) -> Any:
    """Return the graph of a FunctionDef whose arguments have the TensorShapes ``shapes``."""
    with quiet():
        from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

        return function_def_to_graph(definition, input_shapes=list(shapes))


def register_function(definition: Any) -> None:
    """Make a FunctionDef known by its name; the public API makes functions of Python code only."""
    from tensorflow.python.eager.context import context

    context().add_function_def(definition)


def operation_definition(operation: str) -> Any:
    """Return the OpDef of a type of operations, None if it is not registered; `tf.raw_ops` leaves hidden ones out."""
    tensorflow()
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(operation)


def registered_operations() -> frozenset[str]:
    """Return the types of all operations in TensorFlow's registry, hidden ones included."""
    tensorflow()
    from tensorflow.core.framework.op_def_pb2 import OpList
    from tensorflow.python.client.pywrap_tf_session import TF_GetAllOpList, TF_GetBuffer

    return frozenset(definition.name for definition in OpList.FromString(TF_GetBuffer(TF_GetAllOpList())).op)


def saved_model_message() -> Any:
    """Return an empty SavedModel protocol buffer; the public API reads one only by loading the model."""
    tensorflow()
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    return SavedModel()


def asset_file(serialized: bytes) -> Any:
    """Return an AssetFileDef protocol buffer, which the public API has no name for."""
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

    return AssetFileDef.FromString(serialized)


def variable_initializer(serialized: bytes) -> str:
    """Return the name of the operation that initializes a variable of TensorFlow 1, from its VariableDef."""
    from tensorflow.core.framework.variable_pb2 import VariableDef

    return str(VariableDef.FromString(serialized).initializer_name)
