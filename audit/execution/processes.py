"""Workers that are processes of this machine, each a new interpreter with the model loaded once.

They are started as commands, not by `multiprocessing`: that one would run the program that calls `audit.run` again.
Functions are files that the workers map into memory; parts and results go through a socket each.
"""

import os
import pickle
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

from audit.execution.computer import Answer
from audit.execution.endings import ending
from audit.execution.payload import encode
from audit.execution.pool import WorkerPool
from audit.execution.threads import VARIABLE, intra_op_threads
from audit.execution.workers import Notify, Shipment, Worker, WorkerLost

_SECONDS_TO_END = 5.0


class ProcessWorker(Worker):
    """A process and the socket to it."""

    def __init__(self, preload: bool) -> None:
        end, worker_end = socket.socketpair()
        with worker_end:
            descriptor = worker_end.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "audit.execution.process_main", str(descriptor)],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=2,  # standard output carries the summary alone
                env={**os.environ, **_environment()},
            )
        self.connection: Connection = Connection(end.detach())
        with suppress(OSError):  # one that has ended already is lost when it is first asked
            self.connection.send(preload)

    def send(self, shipment: Shipment, number: int, part: Any) -> None:
        """Send a part with the name of the function's file."""
        try:
            self.connection.send_bytes(pickle.dumps((shipment.key, shipment.handle, number, part)))
        except OSError:
            raise WorkerLost(self._ending()) from None

    def receive(self) -> list[Answer]:
        """Return the next answer, or nothing if the process says that it has started."""
        try:
            answer = pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            raise WorkerLost(self._ending()) from None
        self.is_ready = True
        return [] if answer is None else [answer]

    def end(self) -> None:
        """Close the socket, at whose end the process ends, and kill it if it does not."""
        self.connection.close()
        self._process.kill()
        self._process.wait()

    @property
    def process_id(self) -> int:
        """Its number in the system."""
        return self._process.pid

    def _ending(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        status = self._process.poll()
        return "closed its connection" if status is None else ending(status)


def _environment() -> dict[str, str]:
    """Return the variables of a worker: it finds modules where this process does, and has as many threads."""
    path = os.pathsep.join(place or os.getcwd() for place in sys.path)
    return {"PYTHONPATH": path, VARIABLE: str(intra_op_threads())}


class Processes(WorkerPool[ProcessWorker]):
    """The backend of this machine's processes."""

    kind = "processes"

    def __init__(self, workers: int, notify: Notify, *, preload: bool = False) -> None:
        super().__init__(workers, notify, preload=preload)
        self._folder: Path | None = None

    def start(self) -> ProcessWorker:
        """Start a process."""
        return ProcessWorker(self.preload)

    def ship(self, function: Callable[[Any], Any]) -> Shipment:
        """Write the function and its arrays to a file, at multiples of 64 bytes for aligned views."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="audit-workers-"))
        payload = encode(function)
        key = uuid4().hex
        path = self._folder / key
        borders = []
        with path.open("wb") as file:
            for block in (memoryview(payload.data), *payload.buffers):
                file.write(b"\0" * (-file.tell() % 64))
                borders.append((file.tell(), len(block)))
                file.write(block)
        return Shipment(key, (str(path), borders))

    def discard(self, shipment: Shipment) -> None:
        """Remove the file; workers that have mapped it go on reading it."""
        path, _ = shipment.handle
        Path(path).unlink(missing_ok=True)

    def wait(self, workers: Sequence[ProcessWorker], seconds: float) -> list[ProcessWorker]:
        """Wait for answers and for ends."""
        ready = set(wait([worker.connection for worker in workers], seconds))
        return [worker for worker in workers if worker.connection in ready]

    def close(self) -> None:
        """End the processes and remove the files."""
        super().close()
        if self._folder:
            rmtree(self._folder, ignore_errors=True)
        self._folder = None
