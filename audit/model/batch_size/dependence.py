"""Dependence of a model's scores on the number of rows in a batch, read off its graph."""

from typing import Any

from audit.errors import AuditError, Setting
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.batch_size.analysis import compare_sizes
from audit.model.batch_size.scope import Shape
from audit.model.graph.traversal import node_name
from audit.model.model import Model
from audit.policy.unsafe_operations import BATCH_SIZE

_ROWS = 2**30 + 3
"""Rows of the batch that shapes are inferred for: a dimension that follows from them is larger than any other."""


def size_comparison(model: Model) -> str | None:
    """Return the operation through which the number of rows reaches the scores by a comparison, None if it does not.

    A signature of a fixed number of rows is always called with as many.
    """
    if model.batch is not None:
        return None
    if frozen := model.frozen:
        proto = frozen.proto
        inputs = list(frozen.placeholders.values())
        output = frozen.output
    else:
        function = model.signature.function
        proto = function.graph.as_graph_def()
        position = sorted(function.structured_outputs).index(model.output)
        output = function.outputs[position].name
        inputs = [tensor.name for tensor in function.inputs[: len(model.signature.inputs)]]
    names = [node_name(tensor) for tensor in inputs]
    return compare_sizes(proto, names, output, _Shapes(proto, names).of)


class _Shapes:
    """Static shapes of a graph's tensors for a batch of `_ROWS` rows."""

    def __init__(self, proto: Any, inputs: list[str]) -> None:
        tf = tensorflow()
        sized = type(proto)()
        sized.CopyFrom(proto)
        for node in sized.node:
            node.attr.pop("_output_shapes", None)
            if node.name in inputs and node.attr["shape"].shape.dim:
                node.attr["shape"].shape.dim[0].size = _ROWS
        self._graph = tf.Graph()
        with self._graph.as_default():
            try:
                tf.graph_util.import_graph_def(sized, name="")
            except ValueError:  # a shape that no batch of so many rows can have
                self._graph = tf.Graph()
                with self._graph.as_default():
                    tf.graph_util.import_graph_def(proto, name="")

    def of(self, tensor: str) -> Shape:
        name = tensor if ":" in tensor else f"{tensor}:0"
        try:
            shape = self._graph.get_tensor_by_name(name).shape
        except (KeyError, ValueError):  # of an operation without outputs
            return None
        return None if shape.rank is None else shape.as_list()


def size_exceptions(model: Model) -> list[str]:
    """Return ``batch_size`` if scores depend on it by a comparison because the policy allows that, else nothing."""
    return [BATCH_SIZE] if model.signature.allowed.batch_size and size_comparison(model) else []


def require_no_size_comparison(model: Model) -> None:
    """Refuse scores that may jump between two numbers of rows: the sizes at which they do cannot all be tried.

    Raises:
        AuditError: they may, and the policy does not allow it.
    """
    if model.signature.allowed.batch_size:
        return
    if operation := size_comparison(model):
        accept = Setting("model.allow_operations", f"[{BATCH_SIZE}]")
        raise AuditError(
            where=f"{model.where}: output {model.output!r}",
            expected="the same score for the same row, in a batch of any size",
            found=f"the scores depend on the number of rows in the batch, through {operation}",
            fix="export a signature that scores each row by itself, or accept that scores may differ at untested batch "
            f"sizes: {accept}",
            settings=[accept],
        )
