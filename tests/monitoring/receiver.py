"""Receiver of webhooks on this machine, which misbehaves as scripted: each request takes the next behaviour."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET = "T0K3N-of-the-hook"
DRIPPED_BYTES = 60
DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    content: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        behaviour = self.server.next_behaviour()
        if behaviour is not close_unread:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append(Request(self.path, dict(self.headers), json.loads(body)))
        behaviour(self)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Print nothing: the line would hold the secret."""


Behaviour = Callable[[Handler], None]


class Receiver(ThreadingHTTPServer):
    """Server on a free port, whose ``script`` is used up in order; without one left, requests are answered 200."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []
        self.script: list[Behaviour] = []
        self.closing = threading.Event()
        self._turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/{SECRET}?token={SECRET}"

    @property
    def keys(self) -> list[str]:
        return [request.headers["Idempotency-Key"] for request in self.requests]

    @property
    def ids(self) -> list[int]:
        return [request.content["id"] for request in self.requests]

    def next_behaviour(self) -> Behaviour:
        with self._turn:
            return self.script.pop(0) if self.script else status(200)


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Receiver]:
    """Yield a receiver that serves, with TLS if there is a certificate (its key in the same file)."""
    receiver = Receiver()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def status(code: int, **headers: str) -> Behaviour:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def redirect(handler: Handler) -> None:
    """Send the client to another path of this server, with the token in it."""
    status(301, Location=f"/elsewhere?token={SECRET}")(handler)


def hang(handler: Handler) -> None:
    handler.server.closing.wait(30)


def close_unread(handler: Handler) -> None:
    handler.close_connection = True


def close_after_reading(handler: Handler) -> None:
    handler.close_connection = True


def drip_headers(handler: Handler) -> None:
    """Send an answer of 200 over three seconds, one byte at a time, so that no single read lasts long."""
    drip(handler, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * DRIPPED_BYTES + b"\r\nContent-Length: 0\r\n\r\n")


def drip_body(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(DRIPPED_BYTES))
    handler.end_headers()
    drip(handler, b"x" * DRIPPED_BYTES)


def drip(handler: Handler, content: bytes) -> None:
    for byte in content:
        try:
            handler.wfile.write(bytes([byte]))
        except OSError:  # the client has left
            handler.close_connection = True
            return
        time.sleep(DRIP_SECONDS)


def slow(handler: Handler) -> None:
    """Answer 200 late enough for another process to send the same alert meanwhile."""
    time.sleep(0.05)
    status(200)(handler)
