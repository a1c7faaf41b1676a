"""The graph of a signature, flat and with its variables as constants: what can be cut into."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from audit.model.graph.traversal import data_inputs, node_name


@dataclass(frozen=True)
class GraphSource:
    """Where something that is fed stands in a frozen graph.

    ``tensor`` is its name there; ``others`` are further tensors that hold the same in another form, and how each
    is made from the value of ``tensor``.
    """

    tensor: str
    others: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    @property
    def tensors(self) -> set[str]:
        """All of them."""
        return {self.tensor, *self.others}


@dataclass(frozen=True)
class Frozen:
    """A flat graph.

    ``placeholders`` are the tensors of the signature's inputs, ``sources`` says where what is fed stands, by its name,
    ``output`` is the audited tensor; ``handles`` are the lookup tables that the graph reaches, by placeholder tensor:
    they cannot be constants.
    """

    graph: Any
    placeholders: dict[str, str]
    sources: dict[str, GraphSource]
    output: str
    handles: dict[str, Any]

    @property
    def inputs(self) -> dict[str, str]:
        """The tensor that is fed, by name."""
        return {name: source.tensor for name, source in self.sources.items()}

    @cached_property
    def fed(self) -> dict[str, str]:
        """Of what is fed: the name, by each tensor that holds it in some form."""
        return {
            tensor: name
            for name, source in self.sources.items()
            for tensor in (source.tensor, *source.others)
        }

    def given(self, name: str, value: Any) -> dict[str, Any]:
        """Return what a cut is given for the value of one of what is fed, by tensor."""
        source = self.sources[name]
        return {source.tensor: value} | {other: made(value) for other, made in source.others.items()}

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
        found: dict[str, list[Any]] = {}
        for node in self.proto.node:
            for tensor in data_inputs(node):
                found.setdefault(tensor, []).append(node)
        return found

    def above(self, name: str) -> dict[str, Any]:
        """Return the node ``name`` and all that it is computed from, by name."""
        return self.between([name], [])

    def shape(self, tensor: str) -> list[int | None] | None:
        """Return the static shape of a tensor ``name:index``, None where not even its rank is known."""
        found = self.graph.get_tensor_by_name(tensor).shape
        return None if found.rank is None else list(found.as_list())

    def dtype(self, tensor: str) -> str:
        """Return the name of a tensor's type."""
        return str(self.graph.get_tensor_by_name(tensor).dtype.name)

    def between(self, fetches: Iterable[str], fed: Iterable[str]) -> dict[str, Any]:
        """Return the nodes, by name, that compute ``fetches`` from the tensors ``fed``."""
        given, found = set(fed), dict[str, Any]()
        queue = [tensor for tensor in fetches if tensor not in given]
        while queue:
            node = self.nodes[node_name(queue.pop())]
            if node.name not in found:
                found[node.name] = node
                queue += [tensor for tensor in data_inputs(node) if tensor not in given]
        return found
