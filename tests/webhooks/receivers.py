"""Receivers of webhooks on the loopback, as good or bad as a test wants them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web

Answer = Callable[["Receiver", web.Request], Awaitable[web.StreamResponse]]


class Got(NamedTuple):
    """One request that arrived; header names in lower case."""

    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def seq(self) -> int:
        return int(self.headers["portside-event-seq"])


class Receiver:
    """Keeps what it gets and answers as `answer` says, which a test may change at any time."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.got: list[Got] = []
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""
        self.released = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(headers, await request.read(), request.path_qs))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.answer(self, request)
        finally:
            self.at_once -= 1


@contextlib.asynccontextmanager
async def receiving(answer: Answer) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        receiver.released.set()
        await runner.cleanup()


def says(status: int, body: str = "", **headers: str) -> Answer:
    """Always this answer."""

    async def answer(_receiver: Receiver, _request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    return answer


def in_turn(*statuses: int) -> Answer:
    """These answers one after the other, the last one for ever."""

    async def answer(receiver: Receiver, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=statuses[min(len(receiver.got), len(statuses)) - 1])

    return answer


async def hangs(receiver: Receiver, _request: web.Request) -> web.StreamResponse:
    """Answers only when it is released."""
    await receiver.released.wait()
    return web.Response()


async def breaks_off(_receiver: Receiver, request: web.Request) -> web.StreamResponse:
    """Closes the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off_within(_receiver: Receiver, request: web.Request) -> web.StreamResponse:
    """Says 200, begins a body, and closes."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"thank")
    assert request.transport is not None
    request.transport.close()
    return response
