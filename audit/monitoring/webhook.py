"""Delivery of alerts to a webhook: in order, at least once, by one process at a time.

The URL usually carries a token, so it is a secret: no message, exception or log record of ours has any part of it.
"""

import asyncio
import html
import ipaddress
import json
import logging
import os
import ssl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from filelock import FileLock, Timeout

from audit.errors import AuditError, not_installed

if TYPE_CHECKING:
    from tenacity import Retrying

_ATTEMPTS = 4
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_LOCK_SECONDS = 3.0
_WAIT_SECONDS = 0.5
"""Longest wait before the second attempt; it doubles with each further one."""
_MAX_WAIT_SECONDS = 8.0
_TRANSIENT = frozenset({408, 425, 429})

_SENDING: ContextVar[bool] = ContextVar("sending an alert", default=False)


@dataclass(frozen=True)
class Alert:
    """Message about one change of state.

    Args:
        id: rising number in the store.
        created: time in ISO 8601.
        kind: "drift", "rule", "rollback" or "started".
        text: one sentence for a person.
        facts: JSON data for programs, without NaN and infinities.
    """

    id: int
    created: str
    kind: str
    text: str
    facts: dict[str, object]


class Queue(Protocol):
    """Store of the alerts that have not been delivered yet."""

    def pending(self) -> Sequence[Alert]:
        """Return the alerts that have not been delivered, in order."""

    def mark_delivered(self, alert_id: int) -> None:
        """Record that the receiver has taken an alert."""

    def mark_failed(self, alert_id: int, problem: str) -> None:
        """Record why an alert could not be delivered; it stays pending."""


@dataclass(frozen=True)
class Delivery:
    """Number of alerts delivered and of those still waiting, and the problem that stopped delivery ("" if none)."""

    delivered: int
    waiting: int
    problem: str


class _Attempt(NamedTuple):
    problem: str
    is_transient: bool = False


def webhook_url(variable: str) -> str:
    """Return the URL of a webhook from an environment variable.

    Raises:
        AuditError: the variable holds no https URL (http is accepted on this machine), or a package is missing.
    """
    _require_packages()
    _require_name(variable)
    url = os.environ.get(variable, "").strip()
    problem = _url_problem(url) if url else "none"
    if problem:
        raise AuditError(
            where=variable,
            expected="the https URL of a webhook",
            found=problem,
            fix=f"export {variable}=https://…",
        )
    return url


def deliver(queue: Queue, url: str, form: Literal["json", "slack"], lock: Path) -> Delivery:
    """Deliver pending alerts in order, up to the first that cannot be delivered; it and later ones stay queued.

    An alert may arrive twice, if an answer is lost. Its header ``Idempotency-Key`` is then the same.

    Raises:
        AuditError: a package is missing.
    """
    _require_packages()
    try:
        turn = FileLock(lock).acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        return Delivery(0, len(queue.pending()), "another process is delivering alerts")
    with turn:
        return _deliver_pending(queue, url, form)


def _deliver_pending(queue: Queue, url: str, form: Literal["json", "slack"]) -> Delivery:
    alerts = tuple(queue.pending())
    for position, alert in enumerate(alerts):
        problem = _retrying()(_attempt, alert, url, form).problem
        if problem:
            queue.mark_failed(alert.id, problem)
            return Delivery(position, len(alerts) - position, problem)
        queue.mark_delivered(alert.id)
    return Delivery(len(alerts), 0, "")


def _retrying() -> "Retrying":
    """Return the caller that repeats transient failures, and returns the last attempt whatever it was."""
    from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

    return Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=_WAIT_SECONDS, max=_MAX_WAIT_SECONDS),
        retry=retry_if_result(lambda attempt: attempt.is_transient),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )


def _attempt(alert: Alert, url: str, form: Literal["json", "slack"]) -> _Attempt:
    post = _post(url, _body(alert, form), f"audit-{alert.id}-{alert.created}")
    with ThreadPoolExecutor(max_workers=1) as thread:  # a notebook's own thread already runs an event loop
        return thread.submit(asyncio.run, post).result()


def _body(alert: Alert, form: Literal["json", "slack"]) -> bytes:
    # Slack's markup knows these three entities only
    content = {"text": html.escape(alert.text, quote=False)} if form == "slack" else asdict(alert)
    return json.dumps(content, allow_nan=False).encode()


async def _post(url: str, body: bytes, key: str) -> _Attempt:
    """Post once. The time limit is one on the whole: those of httpx begin anew with each byte received.

    The answer's body is not read: a receiver that sends the status has taken the alert.
    """
    import httpx

    _silence_client_logs()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    try:
        async with (
            asyncio.timeout(_ANSWER_SECONDS),
            httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            return _judge_status(answer.status_code)
    except Exception as error:  # of whatever kind: its text may hold the URL
        return _Attempt(_problem(error), isinstance(error, (httpx.TransportError, TimeoutError)))


def _judge_status(status: int) -> _Attempt:
    if 200 <= status < 300:
        return _Attempt("")
    return _Attempt(f"the receiver answered {status}", status in _TRANSIENT or status >= 500)


def _problem(error: BaseException) -> str:
    """Return what went wrong without the exception's text, which may hold the URL."""
    kinds = [type(cause) for cause in _causes(error)]
    if any(issubclass(kind, ssl.SSLCertVerificationError) for kind in kinds):
        return "the receiver's TLS certificate is not trusted, or not valid for it"
    if any("Timeout" in kind.__name__ for kind in kinds):
        return "the receiver did not answer in time"
    return f"the receiver could not be reached, or closed the connection ({type(error).__name__})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _silence_client_logs() -> None:
    """Drop what httpx logs about requests of ours, with their URLs; other requests of this process stay logged."""
    _SENDING.set(True)  # holds for this coroutine only: asyncio gives each its own context
    for name in tuple(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("httpx", "httpcore"):
            logging.getLogger(name).addFilter(_is_not_ours)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _SENDING.get()


def _require_name(variable: str) -> None:
    if not variable.isidentifier():  # the URL itself, passed by mistake
        raise AuditError(
            where="webhook",
            expected="the name of an environment variable",
            found="another text",
            fix="pass the name of the variable that holds the URL, not the URL",
        )


def _url_problem(url: str) -> str:
    import httpx

    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "a value that is not a URL"
    if address.scheme not in ("http", "https") or not address.host:
        return "a value that is not an http or https URL"
    if address.scheme == "http" and not _is_loopback(address.host):
        return "an http URL of another machine, to which the token would travel unencrypted"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_packages() -> None:
    try:
        import httpx  # noqa: F401
        import tenacity  # noqa: F401
    except ImportError as error:
        raise not_installed("alerts to a webhook", "httpx and tenacity", "monitoring", error) from None
