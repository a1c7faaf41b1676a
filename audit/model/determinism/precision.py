"""How exact a model computes: the coarsest floating-point type in its graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow

_EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_EIGHT_BITS = 2.0**-8  # the step of a fully used 8-bit range: rounding moves an activation by one
_TENSOR_FLOAT_32 = 2.0**-10  # what a GPU multiplies 32-bit floats in


def eps_of(dtype: str) -> float:
    """Return the distance from 1 to the next number of a floating-point type; of float32 as the device computes it."""
    return max(_EPS[dtype], _TENSOR_FLOAT_32) if dtype == "float32" and _shortened() else _EPS[dtype]


def coarsest_eps(function: Any) -> float:
    """Return the largest eps of the types that a ConcreteFunction computes in, the functions it calls included."""
    names = {number: name for name, number in _numbers().items()}
    found = [_EPS["float64"]]
    for node in _nodes(function.graph.as_graph_def()):
        types = [attribute.type for attribute in node.attr.values()]
        found += [eps_of(names[number]) for number in types if number in names]
        found += [_EIGHT_BITS] * ("Quant" in node.op)
    return max(found)


def random_operations(function: Any) -> list[str]:
    """Return the types of the operations that draw random numbers, sorted."""
    types = {node.op for node in _nodes(function.graph.as_graph_def())}
    return sorted(
        name for name in types if "Random" in name or name in ("Multinomial", "StatelessMultinomial")
    )


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _numbers() -> dict[str, int]:
    return {name: tensorflow().as_dtype(name).as_datatype_enum for name in _EPS}


def _shortened() -> bool:
    tf = tensorflow()
    allowed = tf.config.experimental.tensor_float_32_execution_enabled()
    return bool(allowed and tf.config.list_logical_devices("GPU"))
