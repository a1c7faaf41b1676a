"""The part of a frozen graph between two sets of tensors, as a function that can be differentiated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from math import prod
from typing import Any

from audit.frameworks.tensorflow_loader import graph, register_function, tensorflow
from audit.model.graph.frozen import Frozen
from audit.model.graph.straight_through import make_straight_through
from audit.model.graph.traversal import data_inputs

_OWN_GRADIENT = "_gradient_op_type"
_CUTS = count()


class Subgraph:
    """The part of a frozen graph between the tensors ``fed`` and ``fetches``; differentiable.

    ``reads`` are the tensors that its nodes read; ``widest`` is the most numbers that one of them holds for a row, as
    far as shapes are known. ``straight`` lets gradients through its steps and stops (`straight_through.pass_on`).
    """

    def __init__(
        self, frozen: Frozen, fetches: Sequence[str], fed: Iterable[str], straight: bool = False
    ) -> None:
        self._handles, self._fetches = frozen.handles, list(fetches)
        nodes = frozen.between(fetches, [*fed, *frozen.handles])
        self.reads = {tensor for node in nodes.values() for tensor in data_inputs(node)}
        self.widest = max([1, *(_width(frozen.shape(tensor)) for tensor in self.reads)])
        proto = _alone(frozen.proto, nodes.values())
        if straight:
            make_straight_through(proto)
        self._proto = _renamed(proto, next(_CUTS))
        self._imported = graph(self._import)

    def __call__(self, tensors: Mapping[str, Any]) -> list[Any]:
        """Return the fetched tensors; to be called inside a `tf.function`."""
        read = {name: tensor for name, tensor in tensors.items() if name in self.reads}
        found = {**tensors, **(self._imported(read) if self._computed(tensors) else {})}
        return [found[name] for name in self._fetches]

    def _computed(self, given: Iterable[str]) -> list[str]:
        return [name for name in dict.fromkeys(self._fetches) if name not in given]

    def _import(self, tensors: dict[str, Any]) -> dict[str, Any]:
        """Import the graph: inside a function of its own, since a tape sees calls, not imported operations."""
        tf, fetches = tensorflow(), self._computed(tensors)
        handles = {name: tf.identity(h) for name, h in self._handles.items() if name in self.reads}
        found = tf.graph_util.import_graph_def(self._proto, {**tensors, **handles}, fetches, name="cut")
        return dict(zip(fetches, found, strict=True))


def _alone(proto: Any, nodes: Iterable[Any]) -> Any:
    """Return a GraphDef of some nodes; what only had to run before them is gone.

    So are gradients that the author put in the place of a function's own: those that TensorFlow restores hold on
    to tensors of the graph that they were made for, and what is attacked is the function that is served.
    """
    kept = type(proto)(versions=proto.versions, library=proto.library)
    for node in nodes:
        copy = kept.node.add()
        copy.CopyFrom(node)
        del copy.input[:]
        copy.input.extend(data_inputs(node))
    for node in (*kept.node, *(n for body in kept.library.function for n in body.node_def)):
        node.attr.pop(_OWN_GRADIENT, None)
    del kept.library.gradient[:]
    return kept


def _renamed(proto: Any, number: int) -> Any:
    """Give the functions of a GraphDef names of their own, and make them known under these.

    A gradient rewrites the loops that it goes through under names made from theirs, which are those of the whole
    process: the loops of another cut, or of the signature itself, would be in the way.
    """
    names = {body.signature.name: f"{body.signature.name}_cut_{number}" for body in proto.library.function}
    for body in proto.library.function:
        body.signature.name = names[body.signature.name]
    for node in (*proto.node, *(n for body in proto.library.function for n in body.node_def)):
        node.op = names.get(node.op, node.op)
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name in names:
                    function.name = names[function.name]
    for body in proto.library.function:
        register_function(body)
    return proto


def _width(shape: Sequence[int | None] | None) -> int:
    """Return how many numbers a tensor of rows holds for each; 0 for others, such as weights."""
    by_row = shape is not None and len(shape) > 0 and shape[0] is None
    return prod(size or 1 for size in shape[1:]) if shape is not None and by_row else 0
