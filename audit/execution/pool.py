"""A pool of workers: parts in flight, the order of results, and the replacement of workers that are lost.

The parts that a lost worker had are computed again by another. From then on each worker gets half as many parts at a
time, since lack of memory is the likeliest cause. A part that ends its worker although it is alone there is the cause
itself: after three times it is an error.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from audit.errors import AuditError
from audit.execution.backend import Backend, Part, Result
from audit.execution.computer import Answer
from audit.execution.payload import Failure

_MAX_ATTEMPTS = 3
_MAX_STARTS = 3
"""Workers that may end, one after another, before they have started."""

Say = Callable[[str], None]
"""Called with what happens to workers, in words."""


class WorkerLost(Exception):
    """A worker ended; the text says how: completes "a worker …"."""


@dataclass(frozen=True)
class Shipment:
    """A function where workers can load it: ``handle`` is what a worker is sent, ``key`` tells it from others."""

    key: str
    handle: Any


@dataclass
class Task:
    """A part on its way: its ``number`` in the pool, and how often a worker was lost or lacked memory with it."""

    number: int
    part: Any
    attempts: int = 0


class Worker(ABC):
    """A worker, seen from the process that audits.

    ``is_ready`` is whether it has started: it says so before its first answer.
    """

    is_ready = False

    @abstractmethod
    def send(self, shipment: Shipment, number: int, part: Any) -> None:
        """Have a part computed.

        Raises:
            WorkerLost: it has ended.
        """

    @abstractmethod
    def receive(self) -> list[Answer]:
        """Return the answers that have come.

        Raises:
            WorkerLost: it has ended.
        """

    @abstractmethod
    def end(self) -> None:
        """End it, whatever it does."""


W = TypeVar("W", bound=Worker)


class WorkerPool(Backend, Generic[W]):
    """Computes in ``workers`` workers, which start as its context is entered, or when they are first needed.

    ``kind`` is the name of the backend in policies. With ``preload``, workers import TensorFlow while they wait.
    """

    kind: str

    def __init__(self, workers: int, say: Say, *, preload: bool = False) -> None:
        self.workers = workers
        self.say = say
        self.preload = preload
        self.numbers = itertools.count()
        self.max_in_flight: int | None = None
        """Parts that a worker is given at a time; None until one is lost."""
        self._slots: list[W] = []
        self._shipped: tuple[Callable[[Any], Any], Shipment] | None = None

    def __enter__(self) -> "WorkerPool[W]":
        self.started()
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
    def wait(self, workers: Sequence[W]) -> list[W]:
        """Wait until at least one of the workers has an answer or has ended; return those."""

    def map(
        self, function: Callable[[Part], Result], parts: Iterable[Part], *, concurrency: int = 1
    ) -> Iterator[Result]:
        """Yield the results; a single part is computed here, which needs no worker."""
        remaining = iter(parts)
        first = list(itertools.islice(remaining, 2))
        if len(first) < 2:
            yield from map(function, first)
            return
        in_flight = max(1, -(-concurrency // self.workers))
        yield from _Run(
            self, self._shipment(function), itertools.chain(first, remaining), in_flight
        ).results()

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

    def started(self) -> list[W]:
        """Return the workers; starts them if there are none."""
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


@dataclass
class _Run(Generic[W]):
    """One call of `map`: its tasks in flight by worker, those to be computed again, and results not yet in turn."""

    pool: WorkerPool[W]
    shipment: Shipment
    parts: Iterator[Any]
    in_flight: int
    flying: dict[int, dict[int, Task]] = field(default_factory=dict)
    again: list[Task] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    done: dict[int, Any] = field(default_factory=dict)
    failed_starts: int = 0

    def results(self) -> Iterator[Any]:
        while True:
            self._assign()
            while self.order and self.order[0] in self.done:
                yield self._taken(self.order.pop(0))
                self._assign()
            if not self.order:
                return
            for worker in self.pool.wait(self.pool.started()):
                self._receive(worker)

    def _taken(self, number: int) -> Any:
        value = self.done.pop(number)
        if isinstance(value, Failure):
            raise value.error
        return value

    @property
    def _capacity(self) -> int:
        return min(self.in_flight, self.pool.max_in_flight or self.in_flight)

    def _assign(self) -> None:
        """Give every worker as many parts as it may have at a time, those to be computed again first."""
        for _ in range(self._capacity):
            for worker in list(self.pool.started()):
                tasks = self.flying.setdefault(id(worker), {})
                if len(tasks) < self._capacity and (task := self._next()):
                    self._send(worker, tasks, task)

    def _next(self) -> Task | None:
        if self.again:
            return self.again.pop(0)
        if len(self.order) >= 2 * self.in_flight * self.pool.workers:
            return None  # results would pile up behind a slow part
        for part in self.parts:
            task = Task(next(self.pool.numbers), part)
            self.order.append(task.number)
            return task
        return None

    def _send(self, worker: W, tasks: dict[int, Task], task: Task) -> None:
        tasks[task.number] = task
        try:
            worker.send(self.shipment, task.number, task.part)
        except WorkerLost as lost:
            self._lose(worker, str(lost))

    def _receive(self, worker: W) -> None:
        try:
            answers = worker.receive()
        except WorkerLost as lost:
            self._lose(worker, str(lost))
            return
        for answer in answers:
            self.failed_starts = 0
            task = self.flying.get(id(worker), {}).pop(answer.number, None)
            if task is None:  # of an earlier map, whose caller has left
                continue
            if answer.kind == "memory":
                self._repeat([task], f"had too little memory ({answer.value})")
            else:
                self.done[task.number] = answer.value

    def _lose(self, worker: W, reason: str) -> None:
        tasks = list(self.flying.pop(id(worker), {}).values())
        self.pool.replace(worker)
        if worker.is_ready:
            self._repeat(tasks, reason)
            return
        self.failed_starts += 1
        if self.failed_starts >= _MAX_STARTS:
            raise AuditError(
                where="execution",
                expected="workers that start",
                found=f"{self.failed_starts} that did not, one after another; the last one {reason}",
                fix="see the messages above, or run with --backend local",
            )
        self._queue(tasks)

    def _queue(self, tasks: list[Task]) -> None:
        self.again = sorted([*self.again, *tasks], key=lambda task: task.number)

    def _repeat(self, tasks: list[Task], reason: str) -> None:
        for task in tasks:
            task.attempts += 1
            if task.attempts >= _MAX_ATTEMPTS:
                raise AuditError(
                    where=str(task.part),
                    expected="a worker that computes these rows",
                    found=f"{task.attempts} workers, one after another, of which each {reason}",
                    fix="give workers more memory, or use fewer of them; --backend local shows the cause",
                )
        self._queue(tasks)
        self.pool.max_in_flight = max(1, self._capacity // 2)
        if tasks:
            places = ", ".join(str(task.part) for task in tasks)
            self.pool.say(f"a worker {reason}: {places} computed again, {self._capacity} at a time")
