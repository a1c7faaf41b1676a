"""The nodes of a graph or function body, and the marks of their tensors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.model.batch_size.marks import COMPARED, FREE, SIZE, Mark
from audit.model.graph.traversal import node_name

BATCH = 2**24
"""The least dimension that is taken for one of the batch, in a graph whose batch has more rows."""

Shape = Sequence[int | None] | None
"""A tensor's static shape, None if its rank is unknown."""

_BY_OUTPUT = frozenset(
    {
        *(
            "IdentityN",
            "ShapeN",
            "Unpack",
            "While",
            "StatelessWhile",
            "If",
            "StatelessIf",
            "Case",
            "StatelessCase",
        ),
        *("PartitionedCall", "StatefulPartitionedCall", "Split", "SplitV"),
    }
)
"""Operations whose outputs are one list, marked each by itself."""


@dataclass
class Scope:
    """Nodes by name, marks of function arguments and of computed nodes; ``shape_of`` gives a tensor's static shape.

    ``branches`` are the levels of the conditions under which nodes run.
    """

    nodes: Mapping[str, Any]
    library: Mapping[str, Any]
    arguments: Mapping[str, Mark] = field(default_factory=dict)
    shape_of: Callable[[str], Shape] = lambda tensor: None
    marks: dict[str, list[Mark]] = field(default_factory=dict)
    branches: dict[str, int] = field(default_factory=dict)

    def mark(self, tensor: str) -> Mark:
        """Return the mark of a tensor; of one that a loop has not computed yet, the least."""
        name = node_name(tensor)
        if name in self.arguments:
            return self.arguments[name]
        marks = self.marks.get(name, [])
        if not marks:
            return Mark()
        index = int(tensor.rpartition(":")[2]) if ":" in tensor else 0
        return (
            marks[index]
            if name in self.nodes and self.nodes[name].op in _BY_OUTPUT and index < len(marks)
            else marks[0]
        )

    def is_batch(self, tensor: str, axis: int | None) -> bool:
        """Return whether the dimension ``axis`` of a tensor may be that of the batch; None is any of them."""
        if self.mark(tensor).rows == FREE:
            return False
        shape = self.shape_of(tensor)
        if shape is None:
            return axis in (None, 0)
        places = [place for place, size in enumerate(shape) if size is not None and size >= BATCH]
        if not places:
            places = [0] if shape and shape[0] is None else []
        return bool(places) if axis is None else axis % max(len(shape), 1) in places

    def size_level(self, tensor: str, axis: int | None) -> int:
        """Return the level of the size of a tensor along ``axis``."""
        mark = self.mark(tensor)
        if mark.rows == COMPARED:
            return COMPARED
        return SIZE if self.is_batch(tensor, axis) else FREE
