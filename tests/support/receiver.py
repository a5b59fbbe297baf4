"""A real webhook receiver on loopback, in a thread, that keeps what it gets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.support.patience import PATIENCE


class Delivery(NamedTuple):
    """One request as it arrived; header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    def __init__(self, url: str) -> None:
        self.url = url
        self.deliveries: list[Delivery] = []
        # What the next requests are answered; then 200.
        self.answers: list[int] = []

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The bodies so far, of one event or of all."""
        bodies = [delivery.event for delivery in list(self.deliveries)]
        return [body for body in bodies if name is None or body["event"] == name]

    def wait_for(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """What `condition` gives once it is true; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s; got {[body['event'] for body in self.events()]}")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that is up while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            receiver.deliveries.append(Delivery({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
