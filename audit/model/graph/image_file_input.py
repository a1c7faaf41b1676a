"""Inputs of encoded images: scored as files, attacked as pixels behind the operation that decodes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import Frozen, GraphSource
from audit.model.graph.signature_input import DirectInput, behind_cast
from audit.model.graph.traversal import all_nodes

_DECODERS = frozenset({"DecodeImage", "DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeWebP"})


@dataclass(frozen=True)
class DecodedImages(DirectInput):
    """An input of the bytes of PNG or JPEG files, which the graph decodes one by one.

    ``channels`` is the number that it decodes to, 0 where the file decides or the graph's decoders differ.
    """

    channels: int

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the first tensor that holds the images of all rows as numbers; the files' if there is none.

        Whether those numbers are the pixels or something else (resized, scaled) is verified on data.
        """
        tf = tensorflow()
        for tensor in _descendants(frozen, placeholder):
            shape = frozen.shape(tensor)
            dtype = tf.as_dtype(frozen.dtype(tensor))
            if shape is not None and len(shape) == 4 and (dtype.is_floating or dtype.is_integer):
                return {self.name: behind_cast(frozen, tensor)}
        return {self.name: GraphSource(placeholder)}


def find_decoded_images(function: Any, name: str, spec: Any) -> DecodedImages | None:
    """Return the string input ``name`` of a ConcreteFunction as one of images, None if the graph decodes none."""
    nodes = all_nodes(function.graph.as_graph_def())
    channels = {node.attr["channels"].i for node in nodes if node.op in _DECODERS}
    return DecodedImages(name, spec, channels.pop() if len(channels) == 1 else 0) if channels else None


def _descendants(frozen: Frozen, tensor: str) -> Iterator[str]:
    """Yield the tensors that are computed from ``tensor``, the nearest first."""
    queue = deque([tensor])
    seen = {tensor}
    while queue:
        for node in frozen.readers.get(queue.popleft(), ()):
            for output in frozen.graph.get_operation_by_name(node.name).outputs:
                if output.name not in seen:
                    seen.add(output.name)
                    queue.append(output.name)
                    yield output.name
