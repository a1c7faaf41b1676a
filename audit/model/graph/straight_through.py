"""A stand-in for gradients that a graph does not have: steps and stops pass them on as if they were the identity.

Backward pass differentiable approximation, with the straight-through estimator as the approximation: values are
computed as ever, and only the way back differs. What it gives is a direction, not the model's gradient.

Source: Athalye, Carlini and Wagner, ICML 2018, section 4.1; Bengio, Léonard and Courville, arXiv:1308.3432.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.traversal import data_inputs, node_name

_STOPS = frozenset({"StopGradient", "PreventGradient"})
_STEPS = frozenset(
    {
        "Round", "Rint", "Floor", "Ceil", "Sign", "ClipByValue",
        "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel",
        "QuantizeAndDequantize", "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4",
    }
)  # fmt: skip
"""Operations from floats to floats, the first input to the output, whose slope is 0 or none where they are flat."""
_RISING = frozenset({"Greater", "GreaterEqual"})
_FALLING = frozenset({"Less", "LessEqual"})
_WHOLE = frozenset(
    {"Cast", "Bucketize", "Identity", "Reshape", "ExpandDims", "Squeeze", "Minimum", "Maximum"}
)
"""What whole numbers go through on the way from floats, whose first input says how large the output is."""
_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
_OVERRIDE = "_gradient_op_type"


def has_steps(nodes: dict[str, Any]) -> bool:
    """Tell whether some of a flat graph's nodes are passed on straight by `make_straight_through`."""
    return any(node.op in _STOPS | _STEPS or _source(node, nodes) for node in nodes.values())


def make_straight_through(proto: Any) -> None:
    """Rewrite a GraphDef in place, so that gradients go through its stops and steps."""
    _register()
    nodes = {node.name: node for node in proto.node}
    sources = {node.name: found for node in proto.node if (found := _source(node, nodes))}
    bodies = (node for body in proto.library.function for node in body.node_def)
    for node in (*proto.node, *bodies):
        if node.op in _STOPS:
            node.op = "Identity"
            node.attr.pop("message", None)
        elif node.op in _STEPS:
            node.attr[_OVERRIDE].s = b"AuditStraightThrough"
    for name, (tensor, rising) in sources.items():
        _beside(proto, nodes[name], tensor, b"AuditAlongside" if rising else b"AuditAgainst")


def _source(node: Any, nodes: dict[str, Any]) -> tuple[str, bool] | None:
    """Return the float tensor whose size a node makes a float of, by whole numbers or a comparison, and which way."""
    if node.op != "Cast" or _kind(node, "SrcT") in _FLOATS or _kind(node, "DstT") not in _FLOATS:
        return None
    for tensor in _upwards(node, nodes):
        above = nodes.get(node_name(tensor))
        if above is None:
            return None
        if above.op in _RISING | _FALLING and _kind(above, "T") == _kind(node, "DstT"):
            first, second = data_inputs(above)
            constant = nodes.get(node_name(second))
            if constant is not None and constant.op == "Const":
                return first, above.op in _RISING
            return None
        if above.op in {"Cast", "Bucketize"} and _kind(above, "SrcT", "T") == _kind(node, "DstT"):
            return data_inputs(above)[0], True
    return None


def _upwards(node: Any, nodes: dict[str, Any]) -> Iterator[str]:
    """Yield the first inputs above a node, as long as they only hand a size on."""
    while node is not None and (node.op in _WHOLE) and data_inputs(node):
        tensor = data_inputs(node)[0]
        yield tensor
        node = nodes.get(node_name(tensor))


def _kind(node: Any, *names: str) -> str:
    """Return the name of the type that the first of these attributes holds."""
    held = next((node.attr[name].type for name in names if name in node.attr), 0)
    return str(tensorflow().as_dtype(held).name) if held else ""


def _beside(proto: Any, node: Any, tensor: str, gradient: bytes) -> None:
    """Put an identity of a node and of ``tensor`` in the node's place, which sends gradients back along the tensor."""
    exact = proto.node.add()
    exact.CopyFrom(node)
    exact.name = f"{node.name}/as_it_is"
    kind = node.attr["DstT"].type
    del node.input[:]
    node.attr.clear()
    node.op = "IdentityN"
    node.input.extend([f"{exact.name}:0", tensor])
    node.attr["T"].list.type.extend([kind, kind])
    node.attr[_OVERRIDE].s = gradient


@cache
def _register() -> None:
    """Make the stand-ins known to TensorFlow, once a process."""
    tf = tensorflow()

    def straight(operation: Any, *upstream: Any) -> list[Any]:
        return [upstream[0], *[None] * (len(operation.inputs) - 1)]

    def along(sign: float) -> Any:
        def back(operation: Any, upstream: Any, own: Any) -> list[Any]:
            source = operation.inputs[1]
            fits = source.shape.is_compatible_with(upstream.shape) or source.shape.rank != upstream.shape.rank
            passed = tf.reshape(sign * upstream, tf.shape(source)) if fits else tf.zeros_like(source)
            return [None, passed if own is None else passed + own]

        return back

    tf.RegisterGradient("AuditStraightThrough")(straight)
    tf.RegisterGradient("AuditAlongside")(along(1.0))
    tf.RegisterGradient("AuditAgainst")(along(-1.0))
