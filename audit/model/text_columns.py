"""Free-text columns: texts that the graph splits into words or characters before it looks them up.

Read off the graph, not off the data: a category of several words is still looked up as a whole.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from audit.inputs.feeds import Feed
from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import node_name, nodes_with_callees
from audit.model.model import Model

_SPLITTING = frozenset(
    {"StringSplit", "StringSplitV2", "StringNGrams", "UnicodeDecode", "UnicodeDecodeWithOffsets"}
)
_TEXT_TO_NUMBER = frozenset(
    {
        *("LookupTableFind", "LookupTableFindV2", "Equal", "NotEqual", "StringLength", "StringToNumber"),
        *("StringToHashBucket", "StringToHashBucketFast", "StringToHashBucketStrong"),
    }
)


def free_text_columns(model: Model, feeds: Sequence[Feed]) -> list[str]:
    """Return the data columns, in the order of the inputs, whose texts the model splits.

    If the graph cannot be frozen, these are all text columns or none: a split in it may be of any of them.
    """
    texts = [feed for feed in feeds if feed.is_text]
    if not texts:
        return []
    frozen = model.frozen
    if frozen is None:
        proto = model.signature.function.graph.as_graph_def()
        split = texts if _has_split(proto.node, proto.library) else []
    else:
        split = [feed for feed in texts if _is_split(frozen, feed)]
    return list(dict.fromkeys(name for feed in split for name in feed.columns))


def _is_split(frozen: Frozen, feed: Feed) -> bool:
    """Return whether a split is among the nodes that the feed's texts reach, up to where they are looked up."""
    tensors = frozen.outputs(node_name(frozen.inputs[feed.name]))
    return _has_split(frozen.descendants(tensors, _TEXT_TO_NUMBER), frozen.proto.library)


def _has_split(nodes: Iterable[Any], library: Any) -> bool:
    return any(node.op in _SPLITTING for node in nodes_with_callees(nodes, library))
