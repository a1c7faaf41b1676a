"""MLflow's exceptions as errors that say what to do; passwords in addresses are left out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from audit.errors import AuditError

VARIABLE = "MLFLOW_TRACKING_URI"
"""Environment variable of MLflow with the registry's address."""


class NotRegistered(AuditError):
    """The registry has no such model, version or run."""


@contextmanager
def translated(exception: type[Any], where: str, uri: str) -> Iterator[None]:
    """Turn what MLflow raises into an AuditError.

    Args:
        exception: MLflow's own exception, which this module does not import.
        where: what the error is about.
        uri: address of the registry.
    """
    try:
        yield
    except exception as error:
        raise _error(where, uri, error) from error
    except OSError as error:
        if error.errno is not None and not isinstance(error, (ConnectionError, TimeoutError)):
            raise  # of the disk; those of requests, which downloads let through, have no number
        raise _unreachable(where, uri, error) from error


def without_password(uri: str) -> str:
    """Return an address without user and password, for messages and reports."""
    return re.sub(r"//[^/]*@", "//", uri)


def _error(where: str, uri: str, error: Any) -> AuditError:
    text = " ".join(str(error).split())[:500] or type(error).__name__
    if error.error_code == "RESOURCE_DOES_NOT_EXIST":
        return NotRegistered(where=where, expected="a registered model, version or run", found=text)
    if "failed with exception" in text:
        return _unreachable(where, uri, error)
    if "filesystem" in text and "maintenance mode" in text:
        return AuditError(
            where=VARIABLE,
            expected="an MLflow server or a database: MLflow no longer takes directories",
            found="a directory",
            fix="set it to a server's address or, for example, to sqlite:///mlflow.db",
        )
    text = text.replace(uri, without_password(uri)) if uri else text
    return AuditError(where=where, expected="a request that MLflow accepts", found=text)


def _unreachable(where: str, uri: str, error: BaseException) -> AuditError:
    """Return the error of a server that does not answer: its cause is the innermost exception, without address."""
    cause = error
    while inner := cause.__cause__ or cause.__context__:
        cause = inner
    return AuditError(
        where=where,
        expected=f"an MLflow server that answers at {without_password(uri)}",
        found=f"{type(cause).__name__}: {cause}"[:300],
        fix=f"start it, or check {VARIABLE}",
    )
