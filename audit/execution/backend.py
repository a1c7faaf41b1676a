"""The interface of a backend, and the backend that computes in this process."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from audit.machine_errors import is_of_memory

Part = TypeVar("Part")
Result = TypeVar("Result")


class Backend(ABC):
    """Computes a function of many parts; the results come in the order of the parts, whoever computes them."""

    @abstractmethod
    def map(
        self, function: Callable[[Part], Result], parts: Iterable[Part], *, concurrency: int = 1
    ) -> Iterator[Result]:
        """Yield the function's result of each part.

        Only a bounded number of parts is taken from the iterator, and of results held, at a time.

        Args:
            function: the work; for other processes it is pickled, with all that it refers to.
            parts: arguments, one at a time; their borders are a matter of the caller alone.
            concurrency: number of parts that one process computes at once.

        Raises:
            AuditError: a part ended three workers, or no worker can be started.
            Exception: what the function raised for the first part, in their order, that it failed for.
        """

    @property
    def facts(self) -> dict[str, str | int]:
        """What a report says of the backend; nothing of this process."""
        return {}

    def close(self) -> None:  # noqa: B027 (not all backends start something)
        """End what the backend started. It may be used again, and starts anew then."""

    def provide(self, path: Path) -> None:  # noqa: B027
        """Send the file or directory along, for workers on machines that do not have it."""

    def __enter__(self) -> "Backend":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class LocalBackend(Backend):
    """Computes in threads of this process."""

    def map(
        self, function: Callable[[Part], Result], parts: Iterable[Part], *, concurrency: int = 1
    ) -> Iterator[Result]:
        """Yield the results; a part that lacks memory beside others is computed again alone."""
        if concurrency == 1:
            yield from map(function, parts)
            return
        pending: deque[tuple[Part, Future[Result]]] = deque()
        pool = ThreadPoolExecutor(concurrency)
        try:
            for part in parts:
                pending.append((part, pool.submit(function, part)))
                if len(pending) >= concurrency:
                    yield _result(function, pending)
            while pending:
                yield _result(function, pending)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or an interrupt nobody waits for the rest


def _result(function: Callable[[Part], Result], pending: deque[tuple[Part, Future[Result]]]) -> Result:
    """Return the result of the first pending part."""
    part, future = pending.popleft()
    try:
        return future.result()
    except Exception as error:
        if not is_of_memory(error):
            raise
    for _, other in pending:
        other.exception()
    return function(part)


LOCAL = LocalBackend()
