"""Inputs of a signature: the tensors that the audit feeds for each, and where the frozen graph holds them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import Frozen, GraphSource
from audit.model.graph.traversal import all_nodes

_DECODERS = frozenset({"DecodeImage", "DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeWebP"})
_IDENTITIES = frozenset({"Identity", "EnsureShape", "PreventGradient", "StopGradient"})


@dataclass(frozen=True)
class DirectInput:
    """An input that is fed as the signature takes it.

    ``spec`` is its TensorSpec, with a free first dimension.
    """

    name: str
    spec: Any

    @property
    def inputs(self) -> dict[str, Any]:
        """The TensorSpecs of what is fed, by name."""
        return {self.name: self.spec}

    def tensor(self, tensors: Mapping[str, Any]) -> Any:
        """Return the signature's tensor for the fed ``tensors``, by name."""
        return tensors[self.name]

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the placeholder; of integers, the floats that they are cast to, so that gradients reach them."""
        return {self.name: behind_cast(frozen, placeholder)}


@dataclass(frozen=True)
class RefusedInput(DirectInput):
    """An input that cannot be fed from columns; ``error`` is raised when its ``inputs`` are asked for."""

    error: AuditError

    @property
    def inputs(self) -> dict[str, Any]:
        """Nothing.

        Raises:
            AuditError: always.
        """
        raise self.error


@dataclass(frozen=True)
class DecodedImages(DirectInput):
    """An input of the bytes of PNG or JPEG files, attacked as pixels behind the operation that decodes them one by one.

    ``channels`` is the number that it decodes to, 0 where the file decides or the graph's decoders differ.
    """

    channels: int

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the first tensor that holds the images of all rows as numbers; the files' if there is none.

        Whether those numbers are the pixels or something else (resized, scaled) is verified on data.
        """
        tf = tensorflow()
        nodes = frozen.descendants([placeholder])
        for tensor in chain.from_iterable(frozen.outputs(node.name) for node in nodes):
            shape = frozen.shape(tensor)
            dtype = tf.as_dtype(frozen.dtype(tensor))
            if shape is not None and len(shape) == 4 and (dtype.is_floating or dtype.is_integer):
                return {self.name: behind_cast(frozen, tensor)}
        return {self.name: GraphSource(placeholder)}


def behind_cast(frozen: Frozen, tensor: str) -> GraphSource:
    """Return the floats that an integer ``tensor`` is cast to; ``tensor`` itself if it is not."""
    tf = tensorflow()
    dtype = tf.as_dtype(frozen.dtype(tensor))
    casts = [cast for cast in _casts(frozen, tensor) if tf.as_dtype(frozen.dtype(cast)).is_floating]
    if dtype.is_floating or dtype == tf.string or not casts:
        return GraphSource(tensor)
    others = {cast: _to(frozen.dtype(cast)) for cast in casts[1:]}
    return GraphSource(casts[0], {tensor: _to(dtype.name), **others})


def _to(dtype: str) -> Callable[[Any], Any]:
    return lambda value: tensorflow().cast(value, dtype)


def _casts(frozen: Frozen, tensor: str) -> Iterator[str]:
    """Yield the tensors to which ``tensor`` is cast, behind identities too."""
    for node in frozen.readers.get(tensor, ()):
        if node.op == "Cast":
            yield f"{node.name}:0"
        elif node.op in _IDENTITIES:
            yield from _casts(frozen, f"{node.name}:0")


def find_decoded_images(function: Any, name: str, spec: Any) -> DecodedImages | None:
    """Return the string input ``name`` of a ConcreteFunction as one of images, None if the graph decodes none."""
    nodes = all_nodes(function.graph.as_graph_def())
    channels = {node.attr["channels"].i for node in nodes if node.op in _DECODERS}
    return DecodedImages(name, spec, channels.pop() if len(channels) == 1 else 0) if channels else None
