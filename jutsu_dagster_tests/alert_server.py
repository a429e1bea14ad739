"""A messaging service as tests need it: it takes messages, refuses them, or hangs."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRETS = ("hunter2hunter2", "webhooktoken", "querykey12345")


@dataclass
class Service:
    """One service at an address of this machine."""

    port: int
    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """An apprise URL with secrets wherever one can stand."""
        password, hook, key = SECRETS
        return f"json://user:{password}@127.0.0.1:{self.port}/{hook}?-key={key}&+Auth={key}"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.received]


@contextmanager
def service(status: int = 200) -> Iterator[Service]:
    """Run a service that answers every message with ``status``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            found.received.append(json.loads(self.rfile.read(length)))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its name there)
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Service(server.server_port, status)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hanging() -> Iterator[Service]:
    """Run a service that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield Service(server.getsockname()[1])


def refusing() -> Service:
    """Return a service that nobody runs."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return Service(server.getsockname()[1])
