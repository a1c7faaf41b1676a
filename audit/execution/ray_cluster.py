"""Workers that are actors of a Ray cluster, by Ray Core; without an address, of one that Ray starts on this machine.

Functions go into Ray's object store once, where the workers of a node share their arrays. Order, attempts and the
replacement of actors are the pool's: Ray restarts nothing, so that every backend treats a lost worker alike.
"""

import os
import platform
import socket
import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from importlib.metadata import version
from math import floor
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np

from audit.errors import AuditError, MachineFault, not_installed
from audit.execution.computer import Answer, Computer
from audit.execution.files import FileTree, pack, provide
from audit.execution.payload import decode, encode
from audit.execution.pool import WorkerPool
from audit.execution.threads import VARIABLE, cores, intra_op_threads
from audit.execution.workers import Notify, Shipment, Worker, WorkerLost
from audit.frameworks.output_silencing import enable, quiet
from audit.frameworks.tensorflow_loader import tensorflow

_SECONDS_TO_CONNECT = 20.0
_CALLS_AT_ONCE = 32
_COMPARED = ("savedmodel-audit", "tensorflow", "numpy", "ray")
_FORWARDED = ("TF_", "XLA_", "NVIDIA_TF32_OVERRIDE", "OMP_", "OPENBLAS_", "MKL_")


def versions() -> dict[str, str]:
    """Return the versions that results depend on, in this process."""
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    return machine | {name: version(name) for name in _COMPARED}


class RayComputer:
    """The actor: a `Computer` in a process of the cluster.

    Of the variables that decide about last bits it has ``variables`` alone, and none of the node's own.
    """

    def __init__(self, preload: bool, variables: Collection[str]) -> None:
        enable(replay_on_error=False)
        for name in [name for name in os.environ if name.startswith(_FORWARDED) and name not in variables]:
            del os.environ[name]
        self._computer = Computer()
        if preload:
            Thread(target=tensorflow, daemon=True).start()

    def versions(self) -> dict[str, str]:
        """Return the versions there."""
        return versions()

    def compute(
        self,
        key: str,
        data: Any,
        buffers: Any,
        archives: Sequence[tuple[FileTree, Any]],
        number: int,
        part: Any,
    ) -> Answer:
        """Return the answer for a part; ``archives`` are files, each with the reference to its archive."""
        return self._computer.compute(key, lambda: _load(data, buffers, archives), number, part)


def _load(data: Any, buffers: Any, archives: Sequence[tuple[FileTree, Any]]) -> Any:
    import ray

    for tree, archive in archives:
        provide(tree, partial(ray.get, archive))
    return decode(memoryview(data), [memoryview(buffer) for buffer in buffers])


class RayWorker(Worker):
    """An actor, and the references to answers that it owes."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray = ray
        self._actor = actor
        self.pending: list[Any] = [actor.versions.remote()]

    def send(self, shipment: Shipment, number: int, part: Any) -> None:
        """Call the actor; that it has ended shows when the answer is waited for."""
        self.pending.append(self._actor.compute.remote(shipment.key, *shipment.handle, number, part))

    def receive(self) -> list[Answer]:
        """Return the answers that have come; the first one of all is that of its versions."""
        ready, self.pending = self._ray.wait(self.pending, num_returns=len(self.pending), timeout=0)
        try:
            values = self._ray.get(ready)
        except self._ray.exceptions.RayError as error:
            raise WorkerLost(f"ended: {_cause(error)}") from None
        self.is_ready |= bool(values)
        for value in values:
            if isinstance(value, dict):
                _require_same(value)
        return [value for value in values if isinstance(value, Answer)]

    def end(self) -> None:
        """Kill the actor."""
        self._ray.kill(self._actor, no_restart=True)


def _cause(error: Exception) -> str:
    """Return the first and the last line of what Ray says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return "; ".join(dict.fromkeys([lines[0], lines[-1]]))[:400]


class RayCluster(WorkerPool[RayWorker]):
    """The backend of a Ray cluster at ``address``: ``auto``, ``HOST:PORT``, ``ray://HOST:PORT``, or None."""

    kind = "ray"

    def __init__(
        self, workers: int | None, notify: Notify, address: str | None = None, *, preload: bool = False
    ) -> None:
        super().__init__(workers or cores(), notify, preload=preload)
        self._are_counted = workers is not None
        if address is None:  # an empty one is an error, as of a variable that is not set
            address = os.environ.get("RAY_ADDRESS") or None  # as Ray itself does
        self._address = address
        if self._address == "local":  # Ray's word for a cluster that it starts
            self._address = None
        if self._address not in (None, "auto"):
            _host_and_port(str(self._address))
        self._is_ours = False
        self._ray: Any = None
        self._archives: list[tuple[FileTree, Any]] = []

    def provide(self, path: Path) -> None:
        """Put a file or directory into the object store; a cluster of this machine has it."""
        if self._address is None:
            return
        tree = FileTree.of(path)
        self._archives.append((tree, self._connected().put(pack(tree))))

    def start(self) -> RayWorker:
        """Create an actor of one core, and of a share of a GPU if there is one."""
        ray = self._connected()
        options: dict[str, float] = {"num_cpus": 1, "max_restarts": 0, "max_concurrency": _CALLS_AT_ONCE}
        if gpus := int(ray.cluster_resources().get("GPU", 0)):
            workers_per_gpu = -(-self.workers // gpus)
            options["num_gpus"] = floor(1e4 / workers_per_gpu) / 1e4
        variables = _environment()
        actor = ray.remote(RayComputer).options(**options, runtime_env={"env_vars": variables})
        return RayWorker(ray, actor.remote(self.preload, list(variables)))

    def ship(self, function: Callable[[Any], Any]) -> Shipment:
        """Put the function and its arrays into the object store."""
        ray = self._connected()
        payload = encode(function)
        data = np.frombuffer(payload.data, np.uint8)
        buffers = [np.frombuffer(buffer, np.uint8) for buffer in payload.buffers]
        return Shipment(uuid4().hex, (ray.put(data), ray.put(buffers), self._archives))

    def discard(self, shipment: Shipment) -> None:
        """Do nothing: Ray removes what nobody refers to."""

    def wait(self, workers: Sequence[RayWorker], seconds: float) -> list[RayWorker]:
        """Wait for answers and for ends."""
        pending = [reference for worker in workers for reference in worker.pending]
        ready, _ = self._ray.wait(pending, num_returns=1, timeout=seconds)
        return [worker for worker in workers if set(ready) & set(worker.pending)]

    def state(self) -> str:
        """Return which resources of the cluster are free."""
        free = self._ray.available_resources()
        cores, gpus = free.get("CPU", 0), free.get("GPU", 0)
        return f"none has started; the cluster has {cores:g} free cores and {gpus:g} free GPUs"

    def close(self) -> None:
        """Kill the actors; a cluster that was started here is ended."""
        super().close()
        if self._is_ours:
            self._ray.shutdown()
        self._ray, self._is_ours, self._archives = None, False, []

    def _connected(self) -> Any:
        if self._ray is None:
            ray = _ray()
            if not ray.is_initialized():
                _connect(ray, self._address, self.workers)
                self._is_ours = True
            self._ray = ray
            self._count_cores()
        return self._ray

    def _count_cores(self) -> None:
        """Take all cores of the cluster, or require as many as there are workers."""
        available = int(self._ray.cluster_resources().get("CPU", 0))
        if not self._are_counted:
            self.workers = available or self.workers
        if available < self.workers:
            raise AuditError(
                where=f"--workers {self.workers}",
                expected=f"at most {available:,}, the number of cores of the Ray cluster",
                found=f"{self.workers:,}",
            )


def _environment() -> dict[str, str]:
    """Return the variables that decide about last bits, as they are here; Ray would set one thread for OpenMP."""
    forwarded = {name: value for name, value in os.environ.items() if name.startswith(_FORWARDED)}
    return {"OMP_NUM_THREADS": str(cores()), **forwarded, VARIABLE: str(intra_op_threads())}


def _ray() -> Any:
    try:
        with quiet():
            import ray
    except ImportError as error:
        raise not_installed("--backend ray", "Ray", "ray", error) from None
    return ray


def _connect(ray: Any, address: str | None, workers: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # an audit tells nobody that it runs
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not (address or "").startswith("ray://"):
        options["job_config"] = _job_config(ray)
    if address is None:  # in this thread: what Ray starts ends with the thread that started it
        outcome = _attempt(
            ray, {**options, "address": "local", "num_cpus": workers, "include_dashboard": False}
        )
    else:
        outcome = _attempt_in_time(ray, {**options, "address": address})
    if outcome is not None:
        raise _unreachable(address, f"{type(outcome).__name__}: {outcome}".splitlines()[0][:300])


def _job_config(ray: Any) -> Any:
    """Return a configuration under which workers look for modules in no directory that this process does not.

    Ray would have them look in the working directory first, whoever filled it.
    """
    searched = {os.path.realpath(place) for place in sys.path}  # of an empty one, the working directory
    places = [os.path.dirname(os.path.realpath(sys.argv[0])), os.getcwd()]  # those that Ray adds
    config = ray.job_config.JobConfig(_py_driver_sys_path=[place for place in places if place in searched])
    config._runtime_env_has_working_dir = lambda: True  # so that it adds none itself
    return config


def _attempt(ray: Any, options: dict[str, Any]) -> BaseException | None:
    """Connect; return what went wrong."""
    try:
        with quiet():
            ray.init(**options)
    except (Exception, SystemExit) as error:
        return error
    return None


def _attempt_in_time(ray: Any, options: dict[str, Any]) -> BaseException | None:
    """Connect in another thread, since Ray waits for minutes where nobody answers; return what went wrong."""
    address = options["address"]
    if address != "auto":
        _require_open(address)
    outcomes: list[BaseException | None] = []
    thread = Thread(target=lambda: outcomes.append(_attempt(ray, options)), daemon=True)
    thread.start()
    thread.join(_SECONDS_TO_CONNECT)
    return outcomes[0] if outcomes else TimeoutError(f"no answer within {_SECONDS_TO_CONNECT:.0f} s")


def _require_open(address: str) -> None:
    try:
        socket.create_connection(_host_and_port(address), _SECONDS_TO_CONNECT / 2).close()
    except OSError as error:
        raise _unreachable(address, str(error)) from None


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise AuditError(
            where="--address", expected="auto, HOST:PORT or ray://HOST:PORT", found=repr(address)
        )
    return host, port


def _unreachable(address: str | None, reason: str) -> AuditError:
    return AuditError(
        where=f"--address {address}" if address else "--backend ray",
        expected="a Ray cluster that answers" if address else "a Ray cluster, started on this machine",
        found=reason,
        fix="check address and token (RAY_AUTH_TOKEN) with 'ray status', or use --backend processes"
        if address
        else "use --backend processes; if the path of a socket is too long, set TMPDIR to a short one",
    )


def _require_same(of_worker: dict[str, str]) -> None:
    expected = versions()
    if of_worker != expected:
        raise MachineFault(
            where="the Ray cluster",
            expected=f"the versions of this process: {_listed(expected)}",
            found=_listed(of_worker),
            fix="install the same versions on all nodes: others give other results",
        )


def _listed(names: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in names.items())
