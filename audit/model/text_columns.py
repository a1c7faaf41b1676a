"""Which text columns are prose: texts that the graph takes apart into words or characters before it looks them up.

Read off the graph, not off the data: a category of several words is still looked up as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from audit.inputs.feeds import Feed
from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import called_functions, data_inputs, node_name
from audit.model.model import Model

_APART = frozenset(
    {"StringSplit", "StringSplitV2", "StringNGrams", "UnicodeDecode", "UnicodeDecodeWithOffsets"}
)
_WHOLE = frozenset(
    {
        *("LookupTableFind", "LookupTableFindV2", "Equal", "NotEqual", "StringLength", "StringToNumber"),
        *("StringToHashBucket", "StringToHashBucketFast", "StringToHashBucketStrong"),
    }
)
"""Operations behind which there is no text any more, only numbers."""


def prose(model: Model, feeds: Sequence[Feed], frozen: Frozen | None) -> list[str]:
    """Return the data columns, in the order of the inputs, whose texts the model takes apart.

    Args:
        model: the audited model.
        feeds: what its inputs are made of.
        frozen: its graph; None where it cannot be frozen. Then all text columns are taken for prose if any operation
            of the graph takes texts apart: which ones flow there is not known.
    """
    texts = [feed for feed in feeds if feed.is_text]
    if not texts:
        return []
    if frozen is None:
        proto = model.signature.function.graph.as_graph_def()
        apart = not _APART.isdisjoint(_operations(proto.node, _library(proto)))
    found = [feed for feed in texts if (apart if frozen is None else _is_apart(frozen, feed))]
    return list(dict.fromkeys(name for feed in found for name in feed.columns))


def prose_columns(model: Model, feeds: Sequence[Feed]) -> list[str]:
    """Return the data columns, in the order of the inputs, whose texts the model takes apart."""
    return prose(model, feeds, model.frozen) if any(feed.is_text for feed in feeds) else []


def _is_apart(frozen: Frozen, feed: Feed) -> bool:
    """Tell whether an operation takes the feed's texts apart before they are looked up."""
    library = _library(frozen.proto)
    return any(not _APART.isdisjoint(_operations([node], library)) for node in _as_text(frozen, feed))


def _as_text(frozen: Frozen, feed: Feed) -> Iterator[Any]:
    """Yield the nodes that the feed's texts flow into, up to where they are looked up."""
    readers: dict[str, list[Any]] = {}
    for node in frozen.nodes.values():
        for tensor in data_inputs(node):
            readers.setdefault(node_name(tensor), []).append(node)
    queue = [node_name(frozen.inputs[feed.name])]
    seen = set(queue)
    while queue:
        for node in readers.get(queue.pop(), ()):
            if node.name not in seen and node.op not in _WHOLE:
                seen.add(node.name)
                queue.append(node.name)
                yield node


def _operations(nodes: Iterable[Any], library: dict[str, Any]) -> set[str]:
    """Return the types of operations of ``nodes`` and of all functions that they call."""
    found, queue = set[str](), list(nodes)
    while queue:
        node = queue.pop()
        found.add(node.op)
        for name in called_functions(node):
            if name in library:
                queue += library.pop(name).node_def  # each function once
    return found


def _library(proto: Any) -> dict[str, Any]:
    return {function.signature.name: function for function in proto.library.function}
