"""Functions and results as bytes for another process: large arrays apart, where they are mapped into memory."""

import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cloudpickle

from audit.frameworks.op_errors import trace_without_values, without_values


class Payload(NamedTuple):
    """A pickled object: ``data``, and the ``buffers`` of its arrays, which are not copied (pickle's protocol 5)."""

    data: bytes
    buffers: list[memoryview]


def encode(value: object) -> Payload:
    """Return a value with what it refers to; functions that no module has by name are pickled with their code."""
    buffers: list[pickle.PickleBuffer] = []
    data = cloudpickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return Payload(data, [buffer.raw() for buffer in buffers])


def decode(data: bytes | memoryview, buffers: Sequence[Any]) -> Any:
    """Return the value; its arrays are views of ``buffers``."""
    return pickle.loads(data, buffers=buffers)


class Failure(NamedTuple):
    """An exception that a function raised for a part."""

    error: BaseException

    def __reduce__(self) -> tuple[Callable[..., "Failure"], tuple[Any, ...]]:
        return _failure, (_portable(self.error),)


def _failure(data: bytes) -> Failure:
    return Failure(pickle.loads(data))


def _portable(error: BaseException) -> bytes:
    """Return an exception as bytes, with its traceback as a note; one that cannot be made again as a RuntimeError."""
    error.add_note(f"In a worker:\n{trace_without_values(error)}")
    try:
        data: bytes = cloudpickle.dumps(error)
        pickle.loads(data)
    except Exception:
        return pickle.dumps(RuntimeError(without_values(error)))
    return data
