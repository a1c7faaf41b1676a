"""Workers as the process that audits sees them, whatever they are."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.execution.computer import Answer

Notify = Callable[[str], None]
"""Called with what happens to workers, in words."""


class WorkerLost(Exception):
    """A worker ended; the text says how: completes "a worker …"."""


@dataclass(frozen=True)
class Shipment:
    """A function where workers can load it: ``handle`` is what a worker is sent, ``key`` tells it from others."""

    key: str
    handle: Any


class Worker(ABC):
    """A process that computes parts.

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
