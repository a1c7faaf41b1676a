"""Opens the backend that a policy names."""

from typing import Literal, Protocol

from audit.errors import AuditError
from audit.execution.backend import Backend, LocalBackend
from audit.execution.threads import cores
from audit.execution.workers import Notify


class Execution(Protocol):
    """What a policy says of execution; no ``workers`` are one for each core."""

    @property
    def backend(self) -> Literal["local", "processes", "ray"]:
        """The kind of backend."""

    @property
    def workers(self) -> int | None:
        """Number of workers."""

    @property
    def address(self) -> str | None:
        """Address of the Ray cluster."""


def open_backend(execution: Execution, notify: Notify) -> Backend:
    """Return the backend; its workers start when they are first needed.

    Args:
        execution: the policy's section.
        notify: called with what happens to workers, in words.

    Raises:
        AuditError: the options do not go together, or a package that the backend needs is not installed.
    """
    _require_consistent(execution)
    if execution.backend == "local":
        return LocalBackend()
    if execution.backend == "processes":
        from audit.execution.processes import Processes

        return Processes(execution.workers or cores(), notify, preload=True)
    from audit.execution.ray_cluster import RayCluster

    return RayCluster(execution.workers, notify, execution.address, preload=True)


def _require_consistent(execution: Execution) -> None:
    if execution.address is not None and execution.backend != "ray":
        raise AuditError(
            where="execution.address",
            expected="an address of a Ray cluster with backend ray only",
            found=f"one with backend {execution.backend}",
            fix="choose --backend ray, or leave the address out",
        )
    if execution.backend == "local" and (execution.workers or 1) > 1:
        raise AuditError(
            where="execution.workers",
            expected="1 with backend local, which computes in threads of this process",
            found=str(execution.workers),
            fix="choose --backend processes",
        )
