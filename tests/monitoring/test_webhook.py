"""Alerts delivered to a real receiver that fails in every way: each arrives once, in order, or stays pending."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import multiprocessing
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from filelock import FileLock
from tenacity import RetryCallState

from audit.errors import AuditError
from audit.monitoring import webhook
from audit.monitoring.webhook import Alert, Delivery, deliver, webhook_url

from . import receiver as behaviours
from .receiver import SECRET, Behaviour, Receiver, serving, status

CREATED = "2026-02-01T08:00:00+00:00"
VARIABLE = "AUDIT_WEBHOOK"


class MemoryQueue:
    def __init__(self, count: int = 3) -> None:
        self.alerts = [alert(i) for i in range(1, count + 1)]
        self.problems: list[tuple[int, str]] = []

    def pending(self) -> Sequence[Alert]:
        return list(self.alerts)

    def mark_delivered(self, alert_id: int) -> None:
        assert self.alerts.pop(0).id == alert_id

    def mark_failed(self, alert_id: int, problem: str) -> None:
        assert self.alerts[0].id == alert_id
        self.problems.append((alert_id, problem))


class FileQueue:
    """Queue of two processes: a line of the file is the number of an alert that was delivered."""

    def __init__(self, file: Path, count: int) -> None:
        self.file = file
        self.count = count

    def pending(self) -> Sequence[Alert]:
        delivered = {int(line) for line in self.file.read_text("utf-8").split()}
        return [alert(i) for i in range(1, self.count + 1) if i not in delivered]

    def mark_delivered(self, alert_id: int) -> None:
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(f"{alert_id}\n")

    def mark_failed(self, alert_id: int, problem: str) -> None:
        raise AssertionError(problem)


def alert(number: int) -> Alert:
    return Alert(
        number, CREATED, "drift", f"Drift of <age> & income, no. {number}.", {"psi": 0.31, "n": number}
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits, and keep proxies of this machine out."""
    monkeypatch.setattr(webhook, "_WAIT_SECONDS", 0.01)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def secrecy(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Look for the secret of the URL in all that any of these tests logs and prints."""
    caplog.set_level(logging.DEBUG)
    yield
    records = [record for record in caplog.get_records("call") if not hasattr(record, "of_the_test")]
    printed = capfd.readouterr()
    assert SECRET not in "".join(str(vars(record)) + record.getMessage() for record in records)
    assert SECRET not in printed.out + printed.err


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving() as running:
        yield running


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "delivery.lock"


def require_secret(delivery: Delivery, queue: MemoryQueue, address: str) -> None:
    texts = delivery.problem + str(queue.problems)
    assert SECRET not in texts
    assert address not in texts


def test_alerts_arrive_in_order(receiver: Receiver, lock: Path) -> None:
    queue = MemoryQueue()
    assert deliver(queue, receiver.url, "json", lock) == Delivery(3, 0, "")
    assert queue.alerts == [] and queue.problems == []
    assert receiver.keys == [f"audit-{i}-{CREATED}" for i in (1, 2, 3)]
    assert receiver.requests[0].content == {
        "id": 1,
        "created": CREATED,
        "kind": "drift",
        "text": "Drift of <age> & income, no. 1.",
        "facts": {"psi": 0.31, "n": 1},
    }
    assert receiver.requests[0].headers["Content-Type"] == "application/json"
    assert receiver.requests[0].path.endswith(f"?token={SECRET}")


def test_slack_gets_the_escaped_text_alone(receiver: Receiver, lock: Path) -> None:
    assert deliver(MemoryQueue(1), receiver.url, "slack", lock) == Delivery(1, 0, "")
    assert [request.content for request in receiver.requests] == [
        {"text": "Drift of &lt;age&gt; &amp; income, no. 1."}
    ]


def test_without_alerts_nothing_is_sent(receiver: Receiver, lock: Path) -> None:
    assert deliver(MemoryQueue(0), receiver.url, "json", lock) == Delivery(0, 0, "")
    assert receiver.requests == []


@pytest.mark.parametrize(
    "script",
    [
        [status(503), status(503)],
        [status(500), status(429), status(408)],
        [status(425)],
        [behaviours.close_unread],
        [behaviours.close_after_reading, status(502)],
        [behaviours.drip_body],
    ],
)
def test_after_transient_failures_each_alert_arrives(
    script: list[Behaviour], receiver: Receiver, lock: Path
) -> None:
    queue = MemoryQueue()
    receiver.script = list(script)
    assert deliver(queue, receiver.url, "json", lock) == Delivery(3, 0, "")
    assert queue.alerts == [] and queue.problems == []
    assert list(dict.fromkeys(receiver.keys)) == [f"audit-{i}-{CREATED}" for i in (1, 2, 3)]
    assert receiver.ids == sorted(receiver.ids)
    assert receiver.ids[-2:] == [2, 3]


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (status(503), "the receiver answered 503"),
        (status(429), "the receiver answered 429"),
        (behaviours.close_unread, "closed the connection"),
        (behaviours.close_after_reading, "closed the connection"),
    ],
)
def test_after_four_attempts_the_alert_stays_pending(
    behaviour: Behaviour, problem: str, receiver: Receiver, lock: Path
) -> None:
    queue = MemoryQueue()
    receiver.script = [status(200)] + [behaviour] * 4
    delivery = deliver(queue, receiver.url, "json", lock)
    assert (delivery.delivered, delivery.waiting) == (1, 2)
    assert problem in delivery.problem
    assert receiver.script == []
    assert [pending.id for pending in queue.alerts] == [2, 3]
    assert queue.problems == [(2, delivery.problem)]
    require_secret(delivery, queue, str(receiver.server_port))
    assert deliver(queue, receiver.url, "json", lock) == Delivery(2, 0, "")
    assert receiver.ids[-2:] == [2, 3]


@pytest.mark.parametrize("behaviour", [behaviours.hang, behaviours.drip_headers])
def test_a_receiver_that_does_not_finish_its_answer_is_left_in_time(
    behaviour: Behaviour, receiver: Receiver, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(webhook, "_ATTEMPTS", 2)
    queue = MemoryQueue()
    receiver.script = [behaviour] * 3
    started = time.monotonic()
    delivery = deliver(queue, receiver.url, "json", lock)
    assert time.monotonic() - started < 4
    assert delivery == Delivery(0, 3, "the receiver did not answer in time")
    assert queue.problems == [(1, delivery.problem)]
    assert deliver(queue, receiver.url, "json", lock) == Delivery(3, 0, "")
    assert receiver.ids == [1, 1, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(status(400), 400), (status(404), 404), (status(410), 410), (behaviours.redirect, 301)],
)
def test_a_refusal_is_not_repeated(behaviour: Behaviour, code: int, receiver: Receiver, lock: Path) -> None:
    queue = MemoryQueue()
    receiver.script = [status(204), behaviour]
    delivery = deliver(queue, receiver.url, "json", lock)
    assert delivery == Delivery(1, 2, f"the receiver answered {code}")
    assert receiver.ids == [1, 2]
    assert queue.problems == [(2, delivery.problem)]
    require_secret(delivery, queue, str(receiver.server_port))


def test_a_closed_port_is_a_problem_without_the_address(lock: Path) -> None:
    with serving() as closed:
        url = closed.url
    queue = MemoryQueue()
    delivery = deliver(queue, url, "json", lock)
    assert (delivery.delivered, delivery.waiting) == (0, 3)
    assert "could not be reached" in delivery.problem
    require_secret(delivery, queue, "127.0.0.1")


@pytest.mark.parametrize("url", [f"https://[{SECRET}", f"https://x:{SECRET}/", f"ftp://{SECRET}", SECRET, ""])
def test_a_broken_url_is_a_problem_and_no_exception(url: str, lock: Path) -> None:
    queue = MemoryQueue()
    delivery = deliver(queue, url, "json", lock)
    assert (delivery.delivered, delivery.waiting) == (0, 3)
    require_secret(delivery, queue, SECRET.lower())


def test_a_self_signed_certificate_is_refused(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "receiver.pem")
    queue = MemoryQueue()
    with serving(certificate) as receiver:
        url = receiver.url.replace("http:", "https:")
        delivery = deliver(queue, url, "json", lock)
        assert delivery == Delivery(
            0, 3, "the receiver's TLS certificate is not trusted, or not valid for it"
        )
        assert queue.problems == [(1, delivery.problem)]
        assert receiver.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        other_host = deliver(queue, url.replace("127.0.0.1", "localhost"), "json", lock)
        assert other_host == delivery
        assert receiver.requests == []
        assert deliver(queue, url, "json", lock) == Delivery(3, 0, "")


def write_certificate(file: Path) -> Path:
    """Write a certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(key_text + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def test_threads_deliver_each_alert_once(receiver: Receiver, lock: Path) -> None:
    queue = MemoryQueue(6)
    receiver.script = [behaviours.slow] * 6
    with ThreadPoolExecutor(4) as threads:
        deliveries = list(threads.map(lambda _: deliver(queue, receiver.url, "json", lock), range(4)))
    assert receiver.ids == [1, 2, 3, 4, 5, 6]
    assert sum(delivery.delivered for delivery in deliveries) == 6


def test_processes_deliver_each_alert_once(receiver: Receiver, lock: Path, tmp_path: Path) -> None:
    file = tmp_path / "delivered"
    file.touch()
    receiver.script = [behaviours.slow] * 10
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    processes = [spawn.Process(target=deliver_at, args=(barrier, file, receiver.url, lock)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert receiver.ids == list(range(1, 11))


def deliver_at(barrier: Any, file: Path, url: str, lock: Path) -> None:
    webhook._LOCK_SECONDS = 60
    barrier.wait()
    assert deliver(FileQueue(file, 10), url, "json", lock).problem == ""


def test_while_another_process_delivers_all_wait(
    receiver: Receiver, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_LOCK_SECONDS", 0.1)
    queue = MemoryQueue()
    started = time.monotonic()
    with FileLock(lock):
        delivery = deliver(queue, receiver.url, "json", lock)
    assert time.monotonic() - started < 2
    assert delivery == Delivery(0, 3, "another process is delivering alerts")
    assert receiver.requests == [] and queue.problems == []
    assert deliver(queue, receiver.url, "json", lock).delivered == 3


def test_inside_a_running_event_loop_alerts_arrive(receiver: Receiver, lock: Path) -> None:
    async def notebook() -> Delivery:
        return deliver(MemoryQueue(), receiver.url, "json", lock)

    assert asyncio.run(notebook()) == Delivery(3, 0, "")


def test_requests_of_others_stay_logged(
    receiver: Receiver, lock: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(MemoryQueue(1), receiver.url, "json", lock)
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]
    httpx.post(receiver.url, json={})
    records = [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]
    assert any(SECRET in record.getMessage() for record in records)
    for record in records:
        record.of_the_test = True


def test_a_fault_of_the_queue_does_not_carry_the_url(receiver: Receiver, lock: Path) -> None:
    class Broken(MemoryQueue):
        def mark_failed(self, alert_id: int, problem: str) -> None:
            raise OSError("disk full")

    receiver.script = [behaviours.close_unread] * 4
    with pytest.raises(OSError, match="disk full") as caught:
        deliver(Broken(), receiver.url, "json", lock)
    trace = "".join(traceback.format_exception(caught.value))
    assert SECRET not in trace and str(receiver.server_port) not in trace
    assert caught.value.__context__ is None
    assert deliver(MemoryQueue(), receiver.url, "json", lock).delivered == 3  # the lock is free again


def test_waits_are_random_within_doubling_bounds() -> None:
    retrying = webhook._retrying()
    for attempt, factor in enumerate((1, 2, 4), start=1):
        state = RetryCallState(retrying, None, (), {})
        state.attempt_number = attempt
        waits = [retrying.wait(state) for _ in range(50)]
        assert len(set(waits)) == 50
        assert min(waits) >= 0 and max(waits) <= 0.01 * factor
        assert max(waits) > 0.005 * factor


@pytest.mark.parametrize(
    "url",
    [
        f"https://hooks.example.com/{SECRET}",
        f"HTTPS://hooks.example.com/{SECRET}",
        f"https://ann:{SECRET}@hooks.example.com:8443/",
        "http://localhost:8000/hook",
        "http://127.3.2.1/hook",
        "http://[::1]:8000/hook",
    ],
)
def test_the_url_of_the_variable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, url + "\n")
    assert webhook_url(VARIABLE) == url


@pytest.mark.parametrize(
    ("value", "actual"),
    [
        ("", "none"),
        (" ", "none"),
        (SECRET, "not an http or https URL"),
        (f"ftp://localhost/{SECRET}", "not an http or https URL"),
        (f"https:///{SECRET}", "not an http or https URL"),
        (f"https://example.com:{SECRET}/", "not a URL"),
        (f"https://example.com/\n{SECRET}", "not a URL"),
        (f"https://example.com/\udcff{SECRET}", "not a URL"),
        (f"http://example.com/{SECRET}", "unencrypted"),
        (f"http://localhost.example.com/{SECRET}", "unencrypted"),
        (f"http://localhost@example.com/{SECRET}", "unencrypted"),
        (f"http://127.0.0.1.example.com/{SECRET}", "unencrypted"),
        (f"http://0.0.0.0/{SECRET}", "unencrypted"),
        (f"http://[::]/{SECRET}", "unencrypted"),
    ],
)
def test_another_value_is_refused_and_not_shown(
    value: str, actual: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(AuditError) as caught:
        webhook_url(VARIABLE)
    assert actual in caught.value.found
    assert caught.value.where == VARIABLE
    assert "example" not in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_without_the_variable_its_name_is_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(AuditError, match=rf"export {VARIABLE}=https://…"):
        webhook_url(VARIABLE)


def test_a_url_instead_of_the_variable_is_not_shown() -> None:
    with pytest.raises(AuditError, match="the name of an environment variable") as caught:
        webhook_url(f"https://hooks.example.com/{SECRET}")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("package", ["httpx", "tenacity"])
def test_without_a_package_its_extra_is_named(
    package: str, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv(VARIABLE, f"https://example.com/{SECRET}")
    for call in (lambda: webhook_url(VARIABLE), lambda: deliver(MemoryQueue(), "", "json", lock)):
        with pytest.raises(AuditError) as caught:
            call()
        assert caught.value.fix == "pip install 'savedmodel-audit[monitoring]'"
        assert package in caught.value.found
        assert caught.value.__suppress_context__
