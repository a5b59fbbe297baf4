"""/app/live: one stream of server-sent events per browser, shared by its tabs, on which they hear what has happened.

A message names events and objects and tells nothing of them; a page then asks for its own parts anew, which checks the
session as always. A stream holds no database connection; whether its session still stands is asked for all together.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import msgspec
import structlog
from litestar import Request, get
from litestar.types import ASGIApp, HTTPResponseBodyEvent, Receive, Scope, Send

from portside.accounts.queries import find_sessions
from portside.db.begin import reading
from portside.errors import NotFound, Overloaded
from portside.events.feed import Feed, Follower
from portside.jobs.trouble import TROUBLE
from portside.kit.crypto import hash_token
from portside.kit.services import services
from portside.kit.tripwire import leave
from portside.rest.answer import Answer
from portside.web.answers import HEADERS
from portside.web.session import SignedIn, signed_in

_log = structlog.get_logger(__name__)

PATH = "/app/live"
# A sign-out, or the end of a membership, ends the streams of a browser within this time.
CHECK_SECONDS = 10.0
# Proxies and browsers take a silent connection for dead; this also brings the browser the place to resume from.
BEAT_SECONDS = 15.0
# A browser that takes no bytes for so long is cut off.
SEND_SECONDS = 30.0
# The tabs of a browser share one; a browser that cannot share has one per visible tab.
MOST_PER_SESSION = 10
# How long a browser waits before it comes back, in milliseconds; spread, for all come back after a restart.
_COME_BACK = (1000, 4000)

_HEADERS = {**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
_STREAM = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
# To an EventSource it means: do not come back.
_NOTHING = Answer(204, b"", headers=((b"cache-control", b"no-store"),))


def live_url(found: SignedIn) -> str:
    """The stream of this session in its mode. A page of another session, or of the other mode, gets nothing there."""
    return f"{PATH}/{services().keys.sign('live', _bound_to(found))}"


def _bound_to(found: SignedIn) -> bytes:
    scope = found.session.scope
    return f"{scope.mode} {scope.account_id} {found.token}".encode()


@get(PATH + "/{key:str}")
async def follow(request: Request[Any, Any, Any], key: str) -> ASGIApp:
    """What happens from now on, or since `Last-Event-ID` (`since` for a script that opens the stream anew)."""
    if "text/event-stream" not in request.headers.get("accept", ""):
        raise NotFound
    found = await signed_in(request)
    if found is None or _lines is None or not services().keys.verify("live", _bound_to(found), key):
        return _NOTHING
    since = request.headers.get("last-event-id") or request.query_params.get("since")
    return _lines.new(found, _horizon(str(since)))


def _horizon(text: str) -> int | None:
    """Where a stream broke off, as its last message said; anything else counts as not said."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class Line:
    """One open stream, from its headers to its end."""

    def __init__(self, lines: Lines, found: SignedIn, since: int | None) -> None:
        self.token_hash = hash_token(found.token)
        self.opens = (found.session.scope.account_id, found.session.scope.mode)
        self._lines = lines
        self._since = since
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let the stream end in order; the browser comes back, if its session lets it."""
        self._ended.set()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        with self._lines.holding(self):
            async with self._lines.feed.following(*self.opens, self._since) as follower:
                await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
                talking = asyncio.create_task(self._talk(follower, send))
                tasks = [talking, asyncio.create_task(_hung_up(receive)), asyncio.create_task(self._ended.wait())]
                try:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        failure = None if talking.cancelled() else talking.exception()
        if isinstance(failure, TimeoutError):
            _log.info("live_stream_cut", account=self.opens[0])
        elif failure is not None:
            raise failure
        else:
            await send(_chunk("", last=True))

    async def _talk(self, follower: Follower, send: Send) -> None:
        # The first message tells a page that it is heard from now on, and when to come back.
        text = f"retry: {random.randint(*_COME_BACK)}\n" + _message(
            follower, "hello" if self._since is None else "beat"
        )
        while True:
            # Not wait_for, which in Python 3.11 may forget that it was cancelled.
            async with asyncio.timeout(SEND_SECONDS):
                await send(_chunk(text))
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await follower.roused.wait()
            text = _message(follower, "beat")


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _chunk(text: str, *, last: bool = False) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": text.encode(), "more_body": not last}


def _message(follower: Follower, otherwise: str) -> str:
    """What is new; the id covers that and nothing after it."""
    news, is_cut = follower.take()
    kind = "reset" if is_cut else "news" if news else otherwise
    data = msgspec.json.encode([(one.name, one.object_id, one.seq) for one in news]).decode()
    return f"event: {kind}\nid: {follower.horizon}\ndata: {data}\n\n"


class Lines:
    """The open streams of this process."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._open: set[Line] = set()

    def new(self, found: SignedIn, since: int | None) -> Line:
        """A stream to be answered with. Raises Overloaded when the session has too many."""
        line = Line(self, found, since)
        if sum(other.token_hash == line.token_hash for other in self._open) >= MOST_PER_SESSION:
            raise Overloaded("Too many streams are open in this browser.")
        return line

    @contextmanager
    def holding(self, line: Line) -> Iterator[None]:
        """Count a stream as open."""
        self._open.add(line)
        _log.info("live_stream_opened", open=len(self._open))
        try:
            yield
        finally:
            self._open.discard(line)
            _log.info("live_stream_closed", open=len(self._open))

    def end(self) -> None:
        """End all streams, for the server would wait for them at its shutdown."""
        for line in self._open:
            line.end()

    async def watch(self) -> None:
        """End the streams of sessions that are no longer what they were, until cancelled."""
        leave()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.check()
            except TROUBLE as error:
                _log.warning("live_streams_unchecked", error=str(error))

    async def check(self) -> None:
        """Look once, for all streams together. Raises Unavailable."""
        if not self._open:
            return
        async with reading() as tx:
            standing = await find_sessions(tx, {line.token_hash for line in self._open})
        for line in self._open:
            if standing.get(line.token_hash) != line.opens:
                line.end()


_lines: Lines | None = None


@asynccontextmanager
async def running() -> AsyncIterator[Lines]:
    """Give this process its streams; without them, pages get by with their slow polls."""
    global _lines
    feed = Feed()
    _lines = Lines(feed)
    tasks = [asyncio.create_task(feed.run()), asyncio.create_task(_lines.watch())]
    try:
        yield _lines
    finally:
        _lines = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


routes = [follow]
