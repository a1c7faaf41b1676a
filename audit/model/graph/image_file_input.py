"""Inputs of encoded pictures: fed as files, with the graph cut behind the operation that decodes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import Frozen, GraphSource
from audit.model.graph.signature_input import DirectInput, behind_cast

_DECODERS = frozenset({"DecodeImage", "DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeWebP"})


@dataclass(frozen=True)
class DecodedImages(DirectInput):
    """An input of the bytes of PNG or JPEG files, which the graph decodes one by one.

    ``channels`` is to how many, 0 where that is left to the file or differs from place to place.
    """

    channels: int

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return where the pictures of all rows first stand as one tensor of numbers; the files, where they never do.

        Whether those numbers are the pixels or something else (resized, scaled), a trial on data tells.
        """
        tf = tensorflow()
        for tensor in _below(frozen, placeholder):
            shape, dtype = frozen.shape(tensor), tf.as_dtype(frozen.dtype(tensor))
            if shape is not None and len(shape) == 4 and (dtype.is_floating or dtype.is_integer):
                return {self.name: behind_cast(frozen, tensor)}
        return {self.name: GraphSource(placeholder)}


def find_decoded_images(function: Any, name: str, spec: Any) -> DecodedImages | None:
    """Return how the string input ``name`` of a ConcreteFunction is decoded, None if it is not."""
    graph = function.graph.as_graph_def()
    bodies = [graph.node, *(body.node_def for body in graph.library.function)]
    found = {node.attr["channels"].i for body in bodies for node in body if node.op in _DECODERS}
    return DecodedImages(name, spec, found.pop() if len(found) == 1 else 0) if found else None


def _below(frozen: Frozen, tensor: str) -> Iterator[str]:
    """Yield the tensors that are computed from ``tensor``, the nearest first."""
    queue, seen = deque([tensor]), {tensor}
    while queue:
        for node in frozen.readers.get(queue.popleft(), ()):
            for place in range(len(frozen.graph.get_operation_by_name(node.name).outputs)):
                found = f"{node.name}:{place}"
                if found not in seen:
                    seen.add(found)
                    queue.append(found)
                    yield found
