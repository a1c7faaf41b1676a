"""One call of a pool's `map`: parts in flight, the order of results, and parts whose worker was lost.

The parts that a lost worker had are computed again by another. From then on each worker gets half as many parts at a
time, one at least, since lack of memory is the likeliest cause. What ends a second worker is computed while all others
rest; if it ends a third one, it is the cause itself.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from audit.errors import MachineFault
from audit.execution.payload import Failure
from audit.execution.workers import Notify, Shipment, Worker, WorkerLost

W = TypeVar("W", bound=Worker)

_MAX_ATTEMPTS = 3
_MAX_FAILED_STARTS = 3
"""Workers that may end, one after another, before they have started."""
_SECONDS_TO_START = 120.0
_SECONDS_OF_WAIT = 5.0


class Pool(Protocol[W]):
    """What a map needs of its pool, `audit.execution.pool.WorkerPool`."""

    workers: int
    notify: Notify
    numbers: Iterator[int]
    max_parts_per_worker: int | None

    def ensure_workers(self) -> list[W]:
        """Return all workers."""

    def replace(self, worker: W) -> None:
        """Start another worker in the place of a lost one."""

    def wait(self, workers: Sequence[W], seconds: float) -> list[W]:
        """Return the workers that have an answer or have ended."""

    def state(self) -> str:
        """Return in words what workers may be waiting for."""


@dataclass
class Task:
    """A part on its way: its ``number`` in the pool, and how often a worker was lost or lacked memory with it."""

    number: int
    part: Any
    attempts: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether it is to be computed alone."""
        return self.attempts == _MAX_ATTEMPTS - 1


@dataclass
class PoolMap(Generic[W]):
    """Tasks in flight by worker, those to be retried, the numbers in order, and results that are not yet in turn."""

    pool: Pool[W]
    shipment: Shipment
    parts: Iterator[Any]
    parts_per_worker: int
    in_flight: dict[int, dict[int, Task]] = field(default_factory=dict)
    retries: list[Task] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    finished: dict[int, Any] = field(default_factory=dict)
    failed_starts: int = 0
    has_more_parts: bool = True

    @property
    def is_unfinished(self) -> bool:
        """Whether results are still to be read."""
        return bool(self.order)

    def abandon(self) -> None:
        """Forget what has not been read; answers that still come are of no task."""
        self.order = []

    def results(self) -> Iterator[Any]:
        """Yield the results in the order of the parts.

        Raises:
            MachineFault: a part ended three workers, or no worker starts.
        """
        last_ready = time.monotonic()
        while True:
            self._assign()
            while self.order and self.order[0] in self.finished:
                yield self.take(self.order.pop(0))
                self._assign()
            if not self.order and not self.has_more_parts:
                return
            for worker in self.pool.wait(self.pool.ensure_workers(), _SECONDS_OF_WAIT):
                self._receive(worker)
            if any(worker.is_ready for worker in self.pool.ensure_workers()):
                last_ready = time.monotonic()
            elif time.monotonic() - last_ready > _SECONDS_TO_START:
                raise self._none_ready()

    def take(self, number: int) -> Any:
        """Return a result, or raise the exception that it is."""
        value = self.finished.pop(number)
        if isinstance(value, Failure):
            raise value.error
        return value

    @property
    def _capacity(self) -> int:
        return min(self.parts_per_worker, self.pool.max_parts_per_worker or self.parts_per_worker)

    def _assign(self) -> None:
        """Give each worker that has started as many parts as it may have at a time, those to be retried first."""
        for _ in range(self._capacity):
            for worker in [worker for worker in self.pool.ensure_workers() if worker.is_ready]:
                tasks = self.in_flight.setdefault(id(worker), {})
                if len(tasks) < self._capacity and (task := self._next()):
                    self._send(worker, tasks, task)

    def _next(self) -> Task | None:
        flying = [task for tasks in self.in_flight.values() for task in tasks.values()]
        if any(task.is_suspect for task in flying):
            return None
        if self.retries:
            return None if self.retries[0].is_suspect and flying else self.retries.pop(0)
        if len(self.order) >= 2 * self.parts_per_worker * self.pool.workers:
            return None  # results would pile up behind a slow part
        for part in self.parts:
            task = Task(next(self.pool.numbers), part)
            self.order.append(task.number)
            return task
        self.has_more_parts = False
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
            task = self.in_flight.get(id(worker), {}).pop(answer.number, None)
            if task is None:  # of an earlier map, whose caller has left
                continue
            if answer.kind == "memory":
                self._retry([task], f"had too little memory ({answer.value})")
            else:
                self.finished[task.number] = answer.value

    def _lose(self, worker: W, reason: str) -> None:
        tasks = list(self.in_flight.pop(id(worker), {}).values())
        self.pool.replace(worker)
        if worker.is_ready:
            self._retry(tasks, reason)
            return
        self.failed_starts += 1
        if self.failed_starts >= _MAX_FAILED_STARTS:
            raise MachineFault(
                where="execution",
                expected="workers that start",
                found=f"{self.failed_starts} that did not, one after another; the last one {reason}",
                fix="install the same packages where the workers run, or use --backend local",
            )

    def _none_ready(self) -> MachineFault:
        return MachineFault(
            where="execution.workers",
            expected=f"workers that start within {_SECONDS_TO_START:.0f} s",
            found=self.pool.state(),
            fix="use fewer workers, or wait until others have left the cluster",
        )

    def _retry(self, tasks: list[Task], reason: str) -> None:
        for task in tasks:
            task.attempts += 1
            if task.attempts >= _MAX_ATTEMPTS:
                raise MachineFault(
                    where=str(task.part),
                    expected="a worker that computes this",
                    found=f"{task.attempts} workers, one after another, of which each {reason}",
                    fix="give workers more memory, or use fewer of them; --backend local shows the cause",
                )
        self.retries = sorted([*self.retries, *tasks], key=lambda task: (-task.attempts, task.number))
        self.pool.max_parts_per_worker = max(1, self._capacity // 2)
        if tasks:
            places = ", ".join(str(task.part) for task in tasks)
            self.pool.notify(f"a worker {reason}: {places} computed again, {self._capacity} at a time")
