"""Inputs of a signature: the tensors that the audit feeds for each, and where the frozen graph holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import Frozen, GraphSource

_IDENTITIES = frozenset({"Identity", "EnsureShape", "PreventGradient", "StopGradient"})


class SignatureInput(Protocol):
    """An input of a signature, fed as it is or by the tensors that the graph first computes from it."""

    @property
    def name(self) -> str:
        """The signature's name of the input."""

    @property
    def inputs(self) -> dict[str, Any]:
        """The TensorSpecs of what is fed, by name, with a free first dimension."""

    def tensor(self, tensors: Mapping[str, Any]) -> Any:
        """Return the signature's tensor for the fed ``tensors``, by name."""

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the tensors that hold each of what is fed, by name.

        Raises:
            LookupError: the graph has none.
        """


@dataclass(frozen=True)
class DirectInput:
    """An input that is fed as the signature takes it."""

    name: str
    spec: Any

    @property
    def inputs(self) -> dict[str, Any]:
        """The input itself."""
        return {self.name: self.spec}

    def tensor(self, tensors: Mapping[str, Any]) -> Any:
        """Return the fed tensor."""
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
