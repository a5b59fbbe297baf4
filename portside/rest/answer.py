"""A finished answer, as endpoints give it to the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.types import Receive, Scope, Send

from portside.errors import AppError

_json = msgspec.json.Encoder(decimal_format="string")


class Answer(msgspec.Struct, frozen=True):
    """A finished answer; JSON unless it says otherwise. Sends itself, which costs a tenth of the framework's own."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = list(self.headers)
        # RFC 9110 §8.6: an answer that can have no body tells no length of it.
        if self.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(self.body)))
        if self.body:
            headers.append((b"content-type", self.content_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Streamed(Answer, frozen=True, kw_only=True):
    """An answer that is sent part by part as it is made, however long; its `body` stays empty."""

    parts: AsyncIterator[bytes]

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [*self.headers, (b"content-type", self.content_type)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        async for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def refusal(error: AppError) -> Answer:
    """An error as the API shows it."""
    return Answer(error.status, msgspec.json.encode(error.body()))


def rendered(answer: Any, status: int) -> Answer:
    """What a handler gave, as an answer: an Answer as it is, None as an empty body, bytes as finished JSON."""
    if isinstance(answer, Answer):
        return answer
    if answer is None:
        return Answer(status, b"")
    return Answer(status, answer if isinstance(answer, bytes) else _json.encode(answer))
