"""Receivers that answer oddly, or not at all: each attempt is written down with its reason, and nothing gets stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from portside.jobs.drain import drain
from tests.kit.peer import Peer, answers, reply, reset, serve
from tests.support.cast import Person
from tests.webhooks.conftest import happen, work
from tests.webhooks.test_delivery import delivery, later

Configure = Callable[..., None]

# What is answered, the status that counts, and what the log says of it.
ANSWERS = [
    (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + reply(), 200, None),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, None),
    (reply() + reply(b"", "500 Unasked"), 200, None),
    (reply(b"", "101 Switching Protocols"), 101, "answered 101"),
    (reply(b"", "307 Temporary", Location="http://127.0.0.1:1/"), 307, "redirects are not followed"),
    (reply(b"abcd", Content_Encoding="gzip"), 200, "broken compression"),
    (
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        None,
        "not a valid HTTP answer: Got more than 8190 bytes",
    ),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n", None, "not a valid HTTP answer: Too many headers"),
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        None,
        "Invalid character in Content-Length: b'Content-Length: -5'",
    ),
    (b"HTTP/2 200\r\n\r\n", None, "Bad status line: Expected dot: b'HTTP/2 200'"),
]


async def subscribed(client: httpx.AsyncClient, url: str) -> str:
    made = await client.post("/webhooks", json={"event": "track_updated", "url": url})
    assert made.status_code == 201, made.text
    return str(made.json()["object_id"])


@pytest.mark.parametrize(("answer", "status", "said"), ANSWERS)
async def test_an_odd_answer_is_an_attempt_with_a_reason_on_one_line(
    api: httpx.AsyncClient, alice: Person, answer: bytes, status: int | None, said: str | None
) -> None:
    async with serve(answers(answer)) as peer:
        webhook = await subscribed(api, f"http://127.0.0.1:{peer.port}/")
        event = await happen(alice.scope)
        await work()
    shown = await delivery(api, webhook, event)
    [attempt] = shown["attempts"]
    assert attempt["status"] == status
    assert (shown["state"] == "delivered") == (status == 200)
    assert "\n" not in (attempt["error"] or "")
    assert attempt["error"] is None if said is None else said in attempt["error"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/", "http://127.0.0.1:1: connect: connection refused"),
        # How the connection fails depends on whether the machine speaks IPv6.
        ("http://[::ffff:127.0.0.1]:1/", "http://[::ffff:7f00:1]:1: connect: "),
        ("http://[::1]:1/", "http://[::1]:1: connect: "),
        ("https://[2001:db8::1]/", "2001:db8::1 leads to a documentation network, which may not be called."),
    ],
)
async def test_where_nobody_answers_is_an_attempt_with_a_reason(
    api: httpx.AsyncClient, alice: Person, url: str, said: str
) -> None:
    webhook = await subscribed(api, url)
    event = await happen(alice.scope)
    await work()
    [attempt] = (await delivery(api, webhook, event))["attempts"]
    assert attempt["status"] is None and said in attempt["error"]


async def test_a_receiver_that_ends_its_connections_gets_each_event(api: httpx.AsyncClient, alice: Person) -> None:
    async def once(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        # It does not say that it will close.
        writer.write(reply())
        await writer.drain()
        reset(writer)

    async with serve(once) as peer:
        webhook = await subscribed(api, f"http://127.0.0.1:{peer.port}/")
        events = []
        for _ in range(5):
            events.append(await happen(alice.scope))
            await work()
        await drain(until=later(60))
    assert [(await delivery(api, webhook, event))["state"] for event in events] == ["delivered"] * 5
