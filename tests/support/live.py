"""A browser's stream of what happens, as a test listens to it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from tests.support.patience import PATIENCE

_FIELD = re.compile(r'name="_csrf_token" value="([^"]+)"')
_STREAM = re.compile(r'data-live-url="([^"]+)"')


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `news` are (event, object id, seq)."""

    kind: str
    id: str
    news: list[tuple[str, str, int]]


class Listener:
    """An open stream. `heard` grows; `ended` is set when the server ends it in order."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.ended = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def objects(self) -> set[str]:
        """The ids of all objects that it was told of."""
        return {news[1] for message in self.heard for news in message.news}

    @property
    def last_id(self) -> str:
        return self.heard[-1].id

    async def until(self, is_so: Callable[[Listener], bool]) -> None:
        """Wait until it has heard what is waited for."""
        async with asyncio.timeout(PATIENCE):
            while not is_so(self):
                self._changed.clear()
                await self._changed.wait()

    async def read(self, answer: httpx.Response) -> None:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                news = [tuple(one) for one in json.loads(fields["data"])]
                self.heard.append(Message(kind=fields["event"], id=fields["id"], news=news))
                fields = {}
                self._changed.set()
        self.ended.set()


class SignedInBrowser:
    """Somebody who has signed in to one server, with the address of the stream that her pages name."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf_token = ""
        self.stream = ""

    async def sign_in(self, email: str, password: str) -> None:
        """Sign in and look at the orders."""
        form = await self.client.get("/sign-in")
        token = _FIELD.search(form.text)
        assert token is not None
        fields = {"_csrf_token": token[1], "email": email, "password": password}
        page = await self.client.post("/sign-in", data=fields, follow_redirects=True)
        self.csrf_token, self.stream = _found(_FIELD, page), _found(_STREAM, page)

    async def post(self, path: str, **fields: str) -> None:
        """Send a form of the app."""
        answer = await self.client.post(path, data={"_csrf_token": self.csrf_token, **fields})
        assert answer.status_code == 303, answer.text

    @asynccontextmanager
    async def listening(self, last_id: str = "", url: str = "") -> AsyncIterator[Listener]:
        """An open stream, from its first message on; `url` of another server than the one signed in to."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        async with self.client.stream("GET", url + self.stream, headers=headers, timeout=None) as answer:
            assert answer.status_code == 200, answer.status_code
            assert answer.headers["content-type"] == "text/event-stream"
            listener = Listener()
            reading = asyncio.create_task(listener.read(answer))
            try:
                await listener.until(lambda one: bool(one.heard))
                yield listener
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


def _found(pattern: re.Pattern[str], page: httpx.Response) -> str:
    found = pattern.search(page.text)
    assert found is not None, page.text
    return found[1]


@asynccontextmanager
async def browsing(url: str, email: str, password: str) -> AsyncIterator[SignedInBrowser]:
    """A browser that has signed in."""
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=PATIENCE) as client:
        browser = SignedInBrowser(client)
        await browser.sign_in(email, password)
        yield browser


async def push_orders(url: str, token: str, bodies: Sequence[dict[str, Any]]) -> set[str]:
    """Push orders all at once; gives their ids."""
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"ShippoToken {token}"}, timeout=PATIENCE
    ) as client:
        answers = await asyncio.gather(*[client.post("/orders", json=body) for body in bodies])
    assert {answer.status_code for answer in answers} == {201}
    return {answer.json()["object_id"] for answer in answers}
