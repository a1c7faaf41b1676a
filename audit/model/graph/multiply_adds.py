"""Counts the multiply-adds that a function of rows takes for one row, from the shapes in its graph.

A count, unlike a clock, is the same on every machine: what is spread by it repeats. Products of matrices and
convolutions count their multiply-adds. Any other operation counts `WRITING` for each number that it writes, and
`WRITING_TEXT` for each text, since on a processor that takes as long. What follows from weights alone is computed once
and counts nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from audit.frameworks.tensorflow_loader import function_graph, graph, tensorflow

WRITING = 16
"""Multiply-adds that take as long as writing a number: 10 to 40, measured on dense layers and convolutions."""
WRITING_TEXT = 4096
"""Multiply-adds that take as long as writing a text."""

_FORWARDING = {"Identity", "Reshape", "ExpandDims", "Squeeze", "Shape", "StopGradient", "NoOp"}
"""Operations that hand a tensor on without writing its numbers again."""
_CONVOLUTIONS = {"Conv2D", "Conv3D"}
_TRANSPOSED_CONVOLUTIONS = {"Conv2DBackpropInput", "Conv3DBackpropInputV2"}
_MATRIX_PRODUCTS = {
    "MatMul": "transpose_a",
    "BatchMatMul": "adj_x",
    "BatchMatMulV2": "adj_x",
    "BatchMatMulV3": "adj_x",
}
"""By the attribute that transposes the first factor."""


def multiply_adds(function: Callable[..., Any], signature: Sequence[Any], unknown: int = 1) -> int:
    """Return the multiply-adds of ``function`` for one row, at least 1.

    Args:
        function: takes tensors whose first dimension is that of the rows; traceable by ``tf.function``.
        signature: TensorSpecs of its arguments, whose free number of rows is taken as one.
        unknown: size of a dimension, and number of turns of a loop, that the graph leaves open.
    """
    one_row = [tensorflow().TensorSpec([1, *spec.shape[1:]], spec.dtype) for spec in signature]
    traced = graph(function, one_row).get_concrete_function().graph
    functions = {body.signature.name: body for body in traced.as_graph_def().library.function}
    return max(1, _Count(functions, unknown).of(traced, traced.inputs[: len(one_row)]))


def short_number(number: float) -> str:
    """Return a number to two digits: ``5,000,000``, and from a thousand million on as a policy has it: ``3e12``."""
    rounded = f"{number:.2g}"
    return f"{float(rounded):,.0f}" if 100 <= number < 1e9 else rounded.replace("e+", "e")


class _Count:
    """Counts graphs that call ``functions``, FunctionDefs by name."""

    def __init__(self, functions: Mapping[str, Any], unknown: int) -> None:
        self._functions = functions
        self._unknown = unknown

    def of(self, graph: Any, inputs: Iterable[Any]) -> int:
        """Return the multiply-adds of the operations that follow from ``inputs``."""
        varying = {tensor.ref() for tensor in inputs}
        total = 0
        for operation in graph.get_operations():  # an operation comes after those that it reads
            if any(tensor.ref() in varying for tensor in operation.inputs):
                varying |= {tensor.ref() for tensor in operation.outputs}
                total += self._of_operation(operation, varying)
        return total

    def _of_operation(self, operation: Any, varying: set[Any]) -> int:
        bodies = list(self._bodies(operation.node_def.attr))
        if bodies:
            turns = self._turns(operation) if "body" in operation.node_def.attr else 1
            return turns * max(self._of_body(body, operation.inputs, varying) for body in bodies)
        return self._products(operation) or self._written(operation)

    def _turns(self, loop: Any) -> int:
        """Return the greatest number of turns that a loop states, which may follow from the shape of a row."""
        tf = tensorflow()
        with loop.graph.as_default():  # TensorFlow folds what a shape follows from
            turns = tf.fill([tf.maximum(loop.inputs[1], 0)], False).shape[0]  # -1 for no limit
        return int(turns or self._unknown)

    def _bodies(self, attributes: Any) -> Iterator[Any]:
        """Yield the functions that an operation calls; of a loop its body, without its condition."""
        calls = [attributes["body"]] if "body" in attributes else attributes.values()
        for attribute in calls:
            for function in (attribute.func, *attribute.list.func):
                if function.name in self._functions:
                    yield self._functions[function.name]

    def _of_body(self, body: Any, inputs: Sequence[Any], varying: set[Any]) -> int:
        count = len(body.signature.input_arg)
        arguments = list(inputs)[-count:] if count else []  # of a branch all but the condition
        inner = function_graph(body, [tensor.shape for tensor in arguments])
        pairs = zip(inner.inputs, arguments, strict=True)
        return self.of(inner, [tensor for tensor, argument in pairs if argument.ref() in varying])

    def _products(self, operation: Any) -> int:
        """Return the multiply-adds of a product or convolution; 0 for other operations."""
        kind = operation.type
        if kind in _CONVOLUTIONS:
            return self._size(operation.outputs[0]) * prod(self._sizes(operation.inputs[1])[:-1])
        if kind == "DepthwiseConv2dNative":
            return self._size(operation.outputs[0]) * prod(self._sizes(operation.inputs[1])[:2])
        if kind in _TRANSPOSED_CONVOLUTIONS:
            return self._size(operation.inputs[2]) * prod(self._sizes(operation.inputs[1])[:-1])
        if kind in _MATRIX_PRODUCTS:
            axis = -2 if operation.get_attr(_MATRIX_PRODUCTS[kind]) else -1
            return self._size(operation.outputs[0]) * self._sizes(operation.inputs[0])[axis]
        return self._einsum(operation) if kind == "Einsum" else 0

    def _einsum(self, operation: Any) -> int:
        """Return the product of the sizes of all indices, those of an ellipsis included."""
        terms = operation.get_attr("equation").decode().split("->")[0].split(",")
        sizes = {"...": 1}
        for term, tensor in zip(terms, operation.inputs, strict=True):
            before, _, after = term.partition("...")
            shape = self._sizes(tensor)
            end = len(shape) - len(after)
            sizes |= zip(before + after, shape[: len(before)] + shape[end:], strict=True)
            sizes["..."] = max(sizes["..."], prod(shape[len(before) : end]))
        return prod(sizes.values())

    def _written(self, operation: Any) -> int:
        if operation.type in _FORWARDING:
            return 0
        string = tensorflow().string
        return sum(
            self._size(tensor) * (WRITING_TEXT if tensor.dtype == string else WRITING)
            for tensor in operation.outputs
        )

    def _size(self, tensor: Any) -> int:
        return prod(self._sizes(tensor))

    def _sizes(self, tensor: Any) -> list[int]:
        """Return the sizes of a tensor's dimensions, as of a single one where not even their number is known.

        An open first one is that of the row, which splitting texts loses, but for a list of words.
        """
        shape = [self._unknown] if tensor.shape.rank is None else tensor.shape.as_list()
        sizes = [self._unknown if size is None else size for size in shape]
        if len(shape) > 1 and shape[0] is None:
            sizes[0] = 1
        return sizes
