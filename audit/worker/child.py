"""The child's part: it measures, and hands each event over to its parent."""

import errno
import os
from collections.abc import Callable, Container

from audit.conclusion.observers import Observers
from audit.errors import AuditError
from audit.formats.json import to_plain
from audit.frameworks.op_errors import trace_without_values, without_values
from audit.machine_errors import machine_error
from audit.worker.messages import encode, error_to_plain

Measure = Callable[[Observers, Container[str]], object]
"""Measures, reports to observers, and leaves out the checks that are done already, by name."""


class Handover:
    """The pipe to the parent, which only the process that was given it writes to.

    Args:
        descriptor: the end of the pipe to write to.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pipe = _identity(descriptor)
        self._process = os.getpid()

    def send(self, kind: str, content: object = None) -> None:
        """Write one message.

        A copy of the process ends here, such as one that a check forked and did not end: it has nothing to hand over.

        Raises:
            OSError: the pipe was closed, or its descriptor belongs to another file by now.
        """
        if os.getpid() != self._process:
            os._exit(1)
        if _identity(self._descriptor) != self._pipe:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        line = memoryview(encode(kind, content))
        while line:
            line = line[os.write(self._descriptor, line) :]


def measure_and_send(measure: Measure, done: Container[str], handover: Handover) -> None:
    """Call ``measure`` and send every event of it to the parent; errors are sent, not raised."""
    observers = Observers(
        step=lambda step: handover.send("step", step),
        progress=lambda *step: handover.send("progress", step),
        note=lambda text: handover.send("note", text),
        crash=lambda name, trace: handover.send("crash", [name, trace]),
        opened=lambda: handover.send("opened"),
        scored=lambda facts, seconds: handover.send("scored", [to_plain(facts), seconds]),
        finished=lambda result, seconds: handover.send("finished", [to_plain(result), seconds]),
    )
    try:
        measure(observers, done)
        handover.send("done")
    except AuditError as error:
        handover.send("error", error_to_plain(error))
    except KeyboardInterrupt:
        handover.send("interrupted")
    except SystemExit as error:
        handover.send("left", str(error.code))
    except BaseException as error:
        if of_machine := machine_error(error):
            handover.send("error", error_to_plain(of_machine))
        else:
            handover.send("fault", [without_values(error), trace_without_values(error)])


def _identity(descriptor: int) -> tuple[int, int]:
    state = os.fstat(descriptor)
    return state.st_dev, state.st_ino
