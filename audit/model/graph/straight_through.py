"""Straight-through gradients: steps and stops of a graph pass gradients as the identity does.

Backward pass differentiable approximation (BPDA) with the straight-through estimator: the forward pass is unchanged,
only the backward pass differs. The result is a direction, not the model's gradient.

Source: Athalye, Carlini and Wagner, ICML 2018, section 4.1; Bengio, Léonard and Courville, arXiv:1308.3432.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.traversal import all_nodes, data_inputs, node_name

_STOPS = frozenset({"StopGradient", "PreventGradient"})
_STEPS = frozenset(
    {
        "Round", "Rint", "Floor", "Ceil", "Sign", "ClipByValue",
        "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel",
        "QuantizeAndDequantize", "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4",
    }
)  # fmt: skip
"""Operations from floats to floats, of their first input, with a gradient of 0 or none where they are flat."""
_RISING = frozenset({"Greater", "GreaterEqual"})
_FALLING = frozenset({"Less", "LessEqual"})
_ON_INTEGERS = frozenset(
    {"Cast", "Bucketize", "Identity", "Reshape", "ExpandDims", "Squeeze", "Minimum", "Maximum"}
)
"""Operations between floats and the integers made of them, whose output rises with their first input."""
_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
GRADIENT_OVERRIDE = "_gradient_op_type"


def has_steps(nodes: dict[str, Any]) -> bool:
    """Return whether `make_straight_through` would change the gradient of one of a flat graph's nodes."""
    return any(node.op in _STOPS | _STEPS or _source(node, nodes) for node in nodes.values())


def make_straight_through(proto: Any) -> None:
    """Rewrite a GraphDef in place, so that gradients pass its stops and steps."""
    _register_gradients()
    nodes = {node.name: node for node in proto.node}
    sources = {node.name: source for node in proto.node if (source := _source(node, nodes))}
    for node in all_nodes(proto):
        if node.op in _STOPS:
            node.op = "Identity"
            node.attr.pop("message", None)
        elif node.op in _STEPS:
            node.attr[GRADIENT_OVERRIDE].s = b"AuditStraightThrough"
    for name, source in sources.items():
        _add_gradient_path(proto, nodes[name], source)


class _Source(NamedTuple):
    """A float tensor with which a step rises, or falls."""

    tensor: str
    rising: bool


def _source(node: Any, nodes: dict[str, Any]) -> _Source | None:
    """Return the float tensor of which a cast makes a float again, by way of integers or of a comparison."""
    dtype = _dtype(node, "DstT")
    if node.op != "Cast" or _dtype(node, "SrcT") in _FLOATS or dtype not in _FLOATS:
        return None
    for producer in _producers(node, nodes):
        if producer.op in _RISING | _FALLING and _dtype(producer, "T") == dtype:
            value, limit = data_inputs(producer)
            constant = nodes.get(node_name(limit))
            is_constant = constant is not None and constant.op == "Const"
            return _Source(value, producer.op in _RISING) if is_constant else None
        if producer.op in {"Cast", "Bucketize"} and _dtype(producer, "SrcT", "T") == dtype:
            return _Source(data_inputs(producer)[0], True)
    return None


def _producers(node: Any, nodes: dict[str, Any]) -> Iterator[Any]:
    """Yield the nodes of the first inputs of a node, of that one and so on, as long as values only pass through."""
    while node.op in _ON_INTEGERS and (inputs := data_inputs(node)):
        node = nodes.get(node_name(inputs[0]))
        if node is None:
            return
        yield node


def _dtype(node: Any, *names: str) -> str:
    """Return the name of the type that the first of these attributes holds."""
    number = next((node.attr[name].type for name in names if name in node.attr), 0)
    return str(tensorflow().as_dtype(number).name) if number else ""


def _add_gradient_path(proto: Any, node: Any, source: _Source) -> None:
    """Put an identity of a node and of its source in the node's place, whose gradient flows to the source."""
    exact = proto.node.add()
    exact.CopyFrom(node)
    exact.name = f"{node.name}/as_it_is"
    kind = node.attr["DstT"].type
    del node.input[:]
    node.attr.clear()
    node.op = "IdentityN"
    node.input.extend([f"{exact.name}:0", source.tensor])
    node.attr["T"].list.type.extend([kind, kind])
    node.attr[GRADIENT_OVERRIDE].s = b"AuditAlongside" if source.rising else b"AuditAgainst"


@cache
def _register_gradients() -> None:
    """Register the gradients with TensorFlow, once a process."""
    tf = tensorflow()

    def straight(operation: Any, *upstream: Any) -> list[Any]:
        return [upstream[0], *[None] * (len(operation.inputs) - 1)]

    def along(sign: float) -> Any:
        def back(operation: Any, upstream: Any, direct: Any) -> list[Any]:
            source = operation.inputs[1]
            fits = source.shape.is_compatible_with(upstream.shape) or source.shape.rank != upstream.shape.rank
            passed = tf.reshape(sign * upstream, tf.shape(source)) if fits else tf.zeros_like(source)
            return [None, passed if direct is None else passed + direct]

        return back

    tf.RegisterGradient("AuditStraightThrough")(straight)
    tf.RegisterGradient("AuditAlongside")(along(1.0))
    tf.RegisterGradient("AuditAgainst")(along(-1.0))
