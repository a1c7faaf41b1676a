"""Evaluation of a shipped function in a worker, which builds it once and computes it for many parts."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Literal, NamedTuple

from audit.execution.payload import Failure
from audit.machine_errors import is_of_memory


class Answer(NamedTuple):
    """A worker's answer for the part ``number``: its result, or a `Failure`, or that memory ran out."""

    kind: Literal["result", "memory"]
    number: int
    value: Any = None


class Computer:
    """The function that was last sent, and its results of parts, several of which may be computed at once."""

    def __init__(self) -> None:
        self._key = ""
        self._function: Callable[[Any], Any] | None = None
        self._lock = Lock()

    def compute(self, key: str, load: Callable[[], Any], number: int, part: Any) -> Answer:
        """Return the answer for a part; ``load`` returns the function if it is not the one of ``key``."""
        try:
            return Answer("result", number, self._built(key, load)(part))
        except Exception as error:
            if is_of_memory(error):
                return Answer("memory", number, str(error)[:300])
            return Answer("result", number, Failure(error))

    def _built(self, key: str, load: Callable[[], Any]) -> Callable[[Any], Any]:
        with self._lock:
            if self._function is None or key != self._key:
                self._function, self._key = load(), key
            return self._function
