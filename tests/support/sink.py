"""A receiver of webhooks that takes thousands a second: several endpoints, each as slow or as moody as one wants."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple, cast

import httptools


class Manner(NamedTuple):
    """How an endpoint answers: after `delay` seconds (None: never), and a share of its answers is 500."""

    delay: float | None = 0.0
    failing: float = 0.0


class Got(NamedTuple):
    """A request that was answered with 200: which endpoint, the event's id, and when it arrived (Unix time)."""

    endpoint: int
    event_id: str
    at: float


class Sink:
    """What arrived; `distinct` are the deliveries without repeats.

    `open` are requests not answered yet; one whose sender went away first is `abandoned`; `refused` got a 500.
    """

    def __init__(self, manners: Sequence[Manner]) -> None:
        self.manners = list(manners)
        self.urls: list[str] = []
        self.got: list[Got] = []
        self.distinct: set[tuple[int, str]] = set()
        self.open = 0
        self.abandoned = 0
        self.refused = 0


class _Connection(asyncio.Protocol):
    def __init__(self, sink: Sink, endpoint: int) -> None:
        self._sink = sink
        self._endpoint = endpoint
        self._manner = sink.manners[endpoint]
        self._event_id = ""
        self._at = 0.0
        self._answering: asyncio.TimerHandle | None = None
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by their class.
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"webhook-id":
            self._event_id = value.decode()

    def on_message_complete(self) -> None:
        self._at = time.time()
        self._is_open = True
        self._sink.open += 1
        if self._manner.delay == 0.0:
            self._answer()
        elif self._manner.delay is not None:
            self._answering = asyncio.get_running_loop().call_later(self._manner.delay, self._answer)

    def _answer(self) -> None:
        self._is_open = False
        self._sink.open -= 1
        if self._manner.failing and random.random() < self._manner.failing:
            self._sink.refused += 1
            self._transport.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        else:
            self._sink.got.append(Got(self._endpoint, self._event_id, self._at))
            self._sink.distinct.add((self._endpoint, self._event_id))
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def connection_lost(self, _error: Exception | None) -> None:
        if self._answering is not None:
            self._answering.cancel()
        if self._is_open:
            self._sink.open -= 1
            self._sink.abandoned += 1


@asynccontextmanager
async def sinking(manners: Sequence[Manner]) -> AsyncIterator[Sink]:
    """One endpoint per manner, each on a port of its own, while the block runs."""
    sink = Sink(manners)
    loop = asyncio.get_running_loop()
    servers = []
    for endpoint in range(len(manners)):
        server = await loop.create_server(partial(_Connection, sink, endpoint), "127.0.0.1", 0)
        sink.urls.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook")
        servers.append(server)
    try:
        yield sink
    finally:
        for server in servers:
            server.close()
