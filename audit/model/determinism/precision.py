"""Precision of a model: the coarsest floating-point type that its graph computes in."""

from __future__ import annotations

from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.traversal import all_nodes

_EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_EIGHT_BIT_EPS = 2.0**-8  # the step of a fully used 8-bit range: rounding moves an activation by one
_TENSOR_FLOAT_32_EPS = 2.0**-10  # what a GPU multiplies 32-bit floats in


def eps_of(dtype: str) -> float:
    """Return the distance from 1 to the next number of a floating-point type; of float32 as the device computes it."""
    return max(_EPS[dtype], _TENSOR_FLOAT_32_EPS) if dtype == "float32" and _is_shortened() else _EPS[dtype]


def coarsest_eps(function: Any) -> float:
    """Return the largest eps of the types that a ConcreteFunction computes in, the functions it calls included."""
    names = {tensorflow().as_dtype(name).as_datatype_enum: name for name in _EPS}
    coarsest = _EPS["float64"]
    for node in all_nodes(function.graph.as_graph_def()):
        types = [attribute.type for attribute in node.attr.values()]
        coarsest = max([coarsest, *(eps_of(names[number]) for number in types if number in names)])
        if "Quant" in node.op:
            coarsest = max(coarsest, _EIGHT_BIT_EPS)
    return coarsest


def random_operations(function: Any) -> list[str]:
    """Return the types of the operations that draw random numbers, sorted."""
    operations = {node.op for node in all_nodes(function.graph.as_graph_def())}
    return sorted(
        name for name in operations if "Random" in name or name in ("Multinomial", "StatelessMultinomial")
    )


def _is_shortened() -> bool:
    """Return whether a GPU rounds 32-bit floats to TensorFloat-32 before it multiplies them."""
    tf = tensorflow()
    allowed = tf.config.experimental.tensor_float_32_execution_enabled()
    return bool(allowed and tf.config.list_logical_devices("GPU"))
