"""A pool of workers: started together, replaced one by one, and sent a function once."""

import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from audit.execution.backend import Backend, Part, Result
from audit.execution.pool_map import PoolMap
from audit.execution.workers import Notify, Shipment, Worker

W = TypeVar("W", bound=Worker)


class WorkerPool(Backend, Generic[W]):
    """Computes in ``workers`` workers, which start as its context is entered, or when they are first needed.

    ``kind`` is the name of the backend in policies. With ``preload``, workers import TensorFlow while they wait.
    """

    kind: str

    def __init__(self, workers: int, notify: Notify, *, preload: bool = False) -> None:
        self.workers = workers
        self.notify = notify
        self.preload = preload
        self.numbers: Iterator[int] = itertools.count()
        self.max_parts_per_worker: int | None = None
        """Parts that a worker is given at a time; None until one is lost."""
        self._slots: list[W] = []
        self._shipped: tuple[Callable[[Any], Any], Shipment] | None = None
        self._current: PoolMap[W] | None = None

    def __enter__(self) -> "WorkerPool[W]":
        try:
            self.ensure_workers()
        except BaseException:  # whose block is not entered, and so not left
            self.close()
            raise
        return self

    @abstractmethod
    def start(self) -> W:
        """Start a worker, without waiting for it."""

    @abstractmethod
    def ship(self, function: Callable[[Any], Any]) -> Shipment:
        """Put a function where workers can load it."""

    @abstractmethod
    def discard(self, shipment: Shipment) -> None:
        """Remove what `ship` put there."""

    @abstractmethod
    def wait(self, workers: Sequence[W], seconds: float) -> list[W]:
        """Wait until at least one of the workers has an answer or has ended; return those, none after ``seconds``."""

    def state(self) -> str:
        """Return in words what workers may be waiting for before they start."""
        return "none has started"

    def map(
        self, function: Callable[[Part], Result], parts: Iterable[Part], *, concurrency: int = 1
    ) -> Iterator[Result]:
        """Yield the results; a single part is computed here, which needs no worker.

        Raises:
            RuntimeError: results of an earlier call are still to be read; a fault of the caller.
        """
        remaining = iter(parts)
        first = list(itertools.islice(remaining, 2))
        if len(first) < 2:
            yield from map(function, first)
            return
        if self._current and self._current.is_unfinished:
            raise RuntimeError("a second map of the same workers before the first was read")
        parts_per_worker = max(1, -(-concurrency // self.workers))
        current = PoolMap(self, self._shipment(function), itertools.chain(first, remaining), parts_per_worker)
        self._current = current
        try:
            yield from current.results()
        finally:
            current.abandon()

    @property
    def facts(self) -> dict[str, str | int]:
        """The kind of the workers, and how many they are."""
        return {"backend": self.kind, "workers": self.workers}

    def close(self) -> None:
        """End all workers."""
        for worker in self._slots:
            worker.end()
        self._slots = []
        self._forget()

    def ensure_workers(self) -> list[W]:
        """Return the workers; start those that are missing."""
        while len(self._slots) < self.workers:
            self._slots.append(self.start())
        return self._slots

    def replace(self, worker: W) -> None:
        """Start another worker in the place of a lost one."""
        worker.end()
        self._slots[self._slots.index(worker)] = self.start()

    def _shipment(self, function: Callable[[Any], Any]) -> Shipment:
        if self._shipped is None or self._shipped[0] is not function:
            shipment = self.ship(function)
            self._forget()
            self._shipped = function, shipment
        return self._shipped[1]

    def _forget(self) -> None:
        if self._shipped:
            self.discard(self._shipped[1])
        self._shipped = None
