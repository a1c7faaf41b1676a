"""The part of a frozen graph between two sets of tensors, as a differentiable function."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from audit.frameworks.tensorflow_loader import graph, register_function, tensorflow
from audit.model.graph.frozen import Frozen
from audit.model.graph.row_width import RowWidth
from audit.model.graph.straight_through import GRADIENT_OVERRIDE, make_straight_through
from audit.model.graph.traversal import all_nodes, data_inputs

_NUMBERS = count()


class Subgraph:
    """The part of a frozen graph between the tensors ``feeds`` and ``fetches``; differentiable.

    ``reads`` are the tensors that its nodes read, ``width`` is that of the widest one. ``straight`` lets gradients pass
    its steps and stops (`straight_through`).
    """

    def __init__(
        self, frozen: Frozen, fetches: Sequence[str], feeds: Collection[str], straight: bool = False
    ) -> None:
        self._handles = frozen.handles
        self._fetches = list(fetches)
        self._computed = [name for name in dict.fromkeys(fetches) if name not in feeds]
        nodes = frozen.subgraph_nodes(fetches, [*feeds, *frozen.handles])
        self.reads = {tensor for node in nodes.values() for tensor in data_inputs(node)}
        self.width = RowWidth.of(map(frozen.shape, self.reads))
        proto = _extracted(frozen.proto, nodes.values())
        if straight:
            make_straight_through(proto)
        self._proto = _with_own_functions(proto, next(_NUMBERS))
        self._imported = graph(self._import)

    def __call__(self, tensors: Mapping[str, Any]) -> list[Any]:
        """Return the fetched tensors; to be called inside a `tf.function`."""
        inputs = {name: tensor for name, tensor in tensors.items() if name in self.reads}
        values = {**tensors, **(self._imported(inputs) if self._computed else {})}
        return [values[name] for name in self._fetches]

    def _import(self, tensors: dict[str, Any]) -> dict[str, Any]:
        """Import the graph: inside a function of its own, since a tape sees calls, not imported operations."""
        tf = tensorflow()
        handles = {name: tf.identity(h) for name, h in self._handles.items() if name in self.reads}
        values = tf.graph_util.import_graph_def(
            self._proto, {**tensors, **handles}, self._computed, name="cut"
        )
        return dict(zip(self._computed, values, strict=True))


def _extracted(proto: Any, nodes: Iterable[Any]) -> Any:
    """Return a GraphDef of some nodes, without control dependencies and custom gradients.

    Custom gradients that TensorFlow restores refer to tensors of the graph that they were made for; and the attacked
    function is the one that is served.
    """
    extracted = type(proto)(versions=proto.versions, library=proto.library)
    for node in nodes:
        copy = extracted.node.add()
        copy.CopyFrom(node)
        del copy.input[:]
        copy.input.extend(data_inputs(node))
    for node in all_nodes(extracted):
        node.attr.pop(GRADIENT_OVERRIDE, None)
    del extracted.library.gradient[:]
    return extracted


def _with_own_functions(proto: Any, number: int) -> Any:
    """Rename the functions of a GraphDef in place to names that no other graph has, register and return it.

    TensorFlow's gradient of a loop registers functions for the whole process, under names derived from the loop's:
    those of another subgraph, or of the signature itself, would collide.
    """
    names = {body.signature.name: f"{body.signature.name}_cut_{number}" for body in proto.library.function}
    for body in proto.library.function:
        body.signature.name = names[body.signature.name]
    for node in all_nodes(proto):
        node.op = names.get(node.op, node.op)
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name in names:
                    function.name = names[function.name]
    for body in proto.library.function:
        register_function(body)
    return proto
