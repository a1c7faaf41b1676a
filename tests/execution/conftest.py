"""Backends under test: workers that are processes, and actors of a Ray cluster that the tests of a module share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from audit.execution.pool import WorkerPool
from audit.execution.processes import Processes
from audit.execution.ray_cluster import RayCluster
from audit.execution.workers import Notify

Pool = Callable[..., WorkerPool[Any]]


@pytest.fixture(scope="module")  # Ray maps a third of the machine's memory, and tests of other modules fork
def ray_cluster() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture(params=["processes", "ray"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Return a function that opens a pool of so many workers, which calls ``notify`` with its notes."""
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
    opened: list[WorkerPool[Any]] = []

    def open_pool(workers: int = 2, notify: Notify = print) -> WorkerPool[Any]:
        kind = Processes if request.param == "processes" else RayCluster
        opened.append(kind(workers, notify))
        return opened[-1]

    yield open_pool
    for backend in opened:
        backend.close()
