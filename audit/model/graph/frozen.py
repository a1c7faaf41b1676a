"""A signature's flat graph with constant variables, of which subgraphs can be taken."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from audit.model.graph.row_width import RowWidth
from audit.model.graph.traversal import data_inputs, node_name


@dataclass(frozen=True)
class GraphSource:
    """The tensors of a frozen graph that hold one input.

    ``tensor`` is the name of the one that is fed; ``others`` are tensors that hold the same values in another form,
    with the function that computes each from the value of ``tensor``.
    """

    tensor: str
    others: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    @property
    def tensors(self) -> set[str]:
        """The names of all of them."""
        return {self.tensor, *self.others}


@dataclass(frozen=True)
class Frozen:
    """A flat graph.

    ``placeholders`` are the tensors of the signature's inputs by name, ``sources`` those of the model's inputs;
    ``output`` is the audited tensor; ``handles`` are the lookup tables that the graph uses, by placeholder tensor:
    they cannot be constants.
    """

    graph: Any
    placeholders: dict[str, str]
    sources: dict[str, GraphSource]
    output: str
    handles: dict[str, Any]

    @property
    def inputs(self) -> dict[str, str]:
        """The tensor that is fed, by the input's name."""
        return {name: source.tensor for name, source in self.sources.items()}

    @cached_property
    def fed_names(self) -> dict[str, str]:
        """The input's name, by each tensor that holds it in some form."""
        return {tensor: name for name, source in self.sources.items() for tensor in source.tensors}

    def bind(self, name: str, value: Any) -> dict[str, Any]:
        """Return the values of all tensors that hold the input ``name``, by tensor."""
        source = self.sources[name]
        return {source.tensor: value} | {other: convert(value) for other, convert in source.others.items()}

    @cached_property
    def proto(self) -> Any:
        """The graph as a GraphDef."""
        return self.graph.as_graph_def()

    @cached_property
    def nodes(self) -> dict[str, Any]:
        """The graph's nodes by name."""
        return {node.name: node for node in self.proto.node}

    @cached_property
    def readers(self) -> dict[str, list[Any]]:
        """The nodes that read a tensor, by its name."""
        readers: dict[str, list[Any]] = {}
        for node in self.proto.node:
            for tensor in data_inputs(node):
                readers.setdefault(tensor, []).append(node)
        return readers

    @property
    def width(self) -> RowWidth:
        """The width of the widest tensor that a node reads."""
        return RowWidth.of(map(self.shape, self.readers))

    def descendants(self, tensors: Iterable[str], boundary: Collection[str] = ()) -> Iterator[Any]:
        """Yield the nodes computed from ``tensors``, the nearest first, up to operations of the types ``boundary``."""
        queue = deque(tensors)
        seen: set[str] = set()
        while queue:
            for node in self.readers.get(queue.popleft(), ()):
                if node.name not in seen and node.op not in boundary:
                    seen.add(node.name)
                    queue += self.outputs(node.name)
                    yield node

    def outputs(self, name: str) -> list[str]:
        """Return the tensors that the node ``name`` computes."""
        return [tensor.name for tensor in self.graph.get_operation_by_name(name).outputs]

    def ancestors(self, name: str) -> dict[str, Any]:
        """Return the node ``name`` and all nodes that it is computed from, by name."""
        return self.subgraph_nodes([name], [])

    def shape(self, tensor: str) -> list[int | None] | None:
        """Return the static shape of a tensor ``name:index``, None where not even its rank is known."""
        shape = self.graph.get_tensor_by_name(tensor).shape
        return None if shape.rank is None else list(shape.as_list())

    def dtype(self, tensor: str) -> str:
        """Return the name of a tensor's type."""
        return str(self.graph.get_tensor_by_name(tensor).dtype.name)

    def subgraph_nodes(self, fetches: Iterable[str], feeds: Iterable[str]) -> dict[str, Any]:
        """Return the nodes, by name, that compute the tensors ``fetches`` from the tensors ``feeds``."""
        boundary = set(feeds)
        nodes: dict[str, Any] = {}
        queue = [tensor for tensor in fetches if tensor not in boundary]
        while queue:
            node = self.nodes[node_name(queue.pop())]
            if node.name not in nodes:
                nodes[node.name] = node
                queue += [tensor for tensor in data_inputs(node) if tensor not in boundary]
        return nodes
