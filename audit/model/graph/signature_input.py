"""How the audit feeds one input of a signature, and where what it feeds stands in the frozen graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import Frozen, GraphSource

_HANDED_ON = frozenset({"Identity", "EnsureShape", "PreventGradient", "StopGradient"})


class SignatureInput(Protocol):
    """How one input of a signature is fed: as it is, or from what the graph makes of it first.

    ``name`` is the signature's, ``inputs`` are TensorSpecs of what is fed, by name, the first dimension free.
    """

    @property
    def name(self) -> str:
        """The signature's name of the input."""

    @property
    def inputs(self) -> dict[str, Any]:
        """What is fed."""

    def tensor(self, fed: Mapping[str, Any]) -> Any:
        """Return the signature's tensor for what is fed."""

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return where the graph holds what is fed, by name.

        Raises:
            LookupError: it holds it nowhere.
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

    def tensor(self, fed: Mapping[str, Any]) -> Any:
        """Return what is fed."""
        return fed[self.name]

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the placeholder; of whole numbers, where they have become floats, so that gradients reach them."""
        return {self.name: behind_cast(frozen, placeholder)}


@dataclass(frozen=True)
class RefusedInput(DirectInput):
    """An input that cannot be fed from columns; ``error`` says why once somebody asks what it is fed."""

    error: AuditError

    @property
    def inputs(self) -> dict[str, Any]:
        """Nothing.

        Raises:
            AuditError: always.
        """
        raise self.error


def behind_cast(frozen: Frozen, tensor: str) -> GraphSource:
    """Return where whole numbers have been cast to floats, and ``tensor`` itself where they have not."""
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
    """Yield the tensors to which ``tensor`` is cast, handed on or not."""
    for node in frozen.readers.get(tensor, ()):
        if node.op == "Cast":
            yield f"{node.name}:0"
        elif node.op in _HANDED_ON:
            yield from _casts(frozen, f"{node.name}:0")
