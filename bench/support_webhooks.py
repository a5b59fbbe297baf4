"""What the benches of webhooks share: a receiver in a process of its own, and when which event was committed."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import asyncpg
import uvloop

from bench.support import Server
from tests.orders.data import order_body
from tests.support.sink import Got, Manner, sinking


class Receiver:
    """A sink in another process; `urls` are its endpoints."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.urls: list[str] = pipe.recv()

    def count(self) -> int:
        """How many requests were answered since the last `take`."""
        self._pipe.send("count")
        found: int = self._pipe.recv()
        return found

    def take(self) -> list[Got]:
        """Those requests; it forgets them."""
        self._pipe.send("take")
        return [Got(*fields) for fields in self._pipe.recv()]

    def await_count(self, wanted: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (count := self.count()) < wanted:
            assert time.monotonic() < deadline, f"{count} of {wanted} deliveries arrived within {seconds} s"
            time.sleep(0.02)


@contextmanager
def receiving(manners: Sequence[Manner]) -> Iterator[Receiver]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_receive, args=(theirs, manners), daemon=True)
    process.start()
    try:
        yield Receiver(ours)
    finally:
        process.terminate()
        process.join()


def _receive(pipe: Connection, manners: Sequence[Manner]) -> None:
    uvloop.run(_serve(pipe, manners))


async def _serve(pipe: Connection, manners: Sequence[Manner]) -> None:
    async with sinking(manners) as sink:

        def answer() -> None:
            if pipe.recv() == "count":
                pipe.send(len(sink.got))
            else:
                pipe.send([tuple(got) for got in sink.got])
                sink.got.clear()

        asyncio.get_running_loop().add_reader(pipe.fileno(), answer)
        # uvloop has just said otherwise, and a long answer would not fit.
        os.set_blocking(pipe.fileno(), True)
        pipe.send(sink.urls)
        await asyncio.Event().wait()


def call(server: Server, path: str, body: Any) -> Any:
    """POST to the API."""
    headers = {"Authorization": f"ShippoToken {server.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def subscribe(server: Server, url: str) -> str:
    """Have a webhook called for every order; gives its id."""
    found: str = call(server, "/webhooks", {"url": url, "event": "order_created"})["object_id"]
    return found


def order(server: Server) -> None:
    """Push one order."""
    call(server, "/orders", order_body())


# For `serving(postgres=…)`.
COMMIT_TIMES = "track_commit_timestamp = on"


async def committed(server: Server, event_ids: Iterable[str]) -> dict[str, float]:
    """When each of these events was committed, in Unix time."""
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    rows = await connection.fetch(
        "SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xid::xid))::float8 AS at FROM events "
        "WHERE id = ANY($1::uuid[])",
        list(event_ids),
    )
    await connection.close()
    return {row["id"].hex: row["at"] for row in rows}


async def settle(server: Server) -> None:
    """Leave PostgreSQL nothing to tidy up while something is measured."""
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    await connection.execute("VACUUM (ANALYZE) orders, events, jobs, webhooks, webhook_deliveries, webhook_attempts")
    await connection.close()


def delays(server: Server, got: Sequence[Got]) -> list[float]:
    """Milliseconds from the commit of each event to its first arrival at each endpoint."""
    times = asyncio.run(committed(server, {each.event_id for each in got}))
    first: dict[tuple[int, str], float] = {}
    for each in got:
        key = each.endpoint, each.event_id
        first[key] = min(each.at, first.get(key, each.at))
    return [(at - times[event_id]) * 1000 for (_, event_id), at in first.items()]
