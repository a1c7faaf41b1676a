"""The worker's part: it computes a function of parts, several at once, and says when memory ran out."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Literal, NamedTuple

from audit.execution.payload import Failure
from audit.machine_errors import is_of_memory

_MAX_FUNCTIONS = 3
"""Functions that a worker holds: a check goes back and forth between few, and each may hold a compiled graph."""


class Answer(NamedTuple):
    """A worker's answer for the part ``number``: its result, or a `Failure`, or that memory ran out."""

    kind: Literal["result", "memory"]
    number: int
    value: Any = None


class Computer:
    """Functions by key, each built once, and computed for one part after the other."""

    def __init__(self) -> None:
        self._functions: OrderedDict[str, Callable[[Any], Any]] = OrderedDict()
        self._lock = Lock()

    def compute(self, key: str, load: Callable[[], Any], number: int, part: Any) -> Answer:
        """Return the answer for a part; ``load`` returns the function if it is not held under ``key``."""
        try:
            return Answer("result", number, self._function(key, load)(part))
        except Exception as error:
            if is_of_memory(error):
                return Answer("memory", number, str(error)[:300])
            return Answer("result", number, Failure(error))

    def _function(self, key: str, load: Callable[[], Any]) -> Callable[[Any], Any]:
        with self._lock:
            if key not in self._functions:
                self._functions[key] = load()
                while len(self._functions) > _MAX_FUNCTIONS:
                    self._functions.popitem(last=False)
            self._functions.move_to_end(key)
            return self._functions[key]
