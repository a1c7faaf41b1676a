"""The process of a worker: reads parts from a socket, computes them, and ends when the socket is closed.

Usage: ``python -m audit.execution.process_main DESCRIPTOR``
"""

import mmap
import os
import pickle
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from audit.execution.computer import Answer, Computer
from audit.execution.payload import Failure, decode
from audit.frameworks.output_silencing import enable
from audit.frameworks.tensorflow_loader import tensorflow
from audit.machine_errors import is_of_memory

_MAX_THREADS = 32


def load(path: str, borders: list[tuple[int, int]]) -> Any:
    """Return the function in a file; its arrays are views of the file, which is mapped into memory."""
    with Path(path).open("rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    data, *buffers = (view[start : start + length] for start, length in borders)
    return decode(data, buffers)


def as_bytes(answer: Answer) -> bytes:
    """Return an answer as bytes; one that cannot be pickled as a failure that says so."""
    try:
        return pickle.dumps(answer, protocol=5)
    except Exception as error:
        if is_of_memory(error):
            return pickle.dumps(Answer("memory", answer.number, str(error)[:300]))
        return pickle.dumps(answer._replace(value=Failure(error)))


def serve(connection: Connection, preload: bool) -> None:
    """Compute parts until the other end is closed."""
    computer, sending = Computer(), Lock()

    def answer(key: str, handle: tuple[str, list[tuple[int, int]]], number: int, part: Any) -> None:
        try:
            data = as_bytes(computer.compute(key, partial(load, *handle), number, part))
        except BaseException:  # such as SystemExit, which ends a thread without a word
            os._exit(1)
        with sending, suppress(OSError):  # nobody may be there any more
            connection.send_bytes(data)

    with ThreadPoolExecutor(_MAX_THREADS) as pool:
        if preload:
            pool.submit(tensorflow)
        with suppress(EOFError, OSError):
            while True:
                pool.submit(answer, *pickle.loads(connection.recv_bytes()))
        os._exit(0)  # what is still being computed is of use to nobody


def main() -> None:
    """Serve the process that audits."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group: the one that audits decides
    connection = Connection(int(sys.argv[1]))
    preload = connection.recv()
    enable(replay_on_error=False)
    connection.send(None)  # it has started
    serve(connection, preload)


if __name__ == "__main__":
    main()
