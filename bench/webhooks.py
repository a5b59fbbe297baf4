"""Webhooks through one worker process against a bare aiohttp loop that posts the same bodies to the same receiver.

`per_second` is everything that a delivery takes: fanning the event out, reading what is due, signing, sending through
the guarded door, and writing the attempt, the state and the health. The worker is halted while the orders are pushed,
so that what is measured is its own work. `p50_ms` is from the commit of an order (PostgreSQL's own record of it) to
the arrival of its webhook, when nothing else is going on: with the worker inside `serve`, and `p50_ms_apart` with
`serve --no-worker` and `worker` as two processes, which wake one another by NOTIFY.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import time
import urllib.request
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp
import asyncpg
import uvloop

from bench.support import Server, cpu_seconds, median, postmaster_pid, report, serving, working
from bench.support_webhooks import COMMIT_TIMES, Receiver, delays, order, receiving, subscribe
from tests.orders.data import order_body
from tests.support.sink import Manner

ENDPOINTS = 4
# As many requests at once to each endpoint as a turn makes.
AT_ONCE = 16
ORDERS = 5000
ROUNDS = 3
IDLE_ORDERS = 150
IDLE_PAUSE = 0.05


class Flow(NamedTuple):
    """How fast deliveries went, and CPU microseconds for each of them, of the sender and of PostgreSQL."""

    per_second: float
    own: float
    postgres: float


def main() -> None:
    with receiving([Manner()] * ENDPOINTS) as receiver:
        with serving(postgres=COMMIT_TIMES) as server:
            together = idle(server, receiver)
        with serving("--no-worker", postgres=COMMIT_TIMES) as server, working(server) as worker:
            apart = idle(server, receiver)
            for url in receiver.urls[1:]:
                subscribe(server, url)
            flows, bare = [], []
            for number in range(ROUNDS):
                flows.append(deliver(server, worker, receiver))
                bare.append(uvloop.run(post(receiver.urls, asyncio.run(bodies(server)))))
                receiver.take()
                print(f"round {number + 1} of {ROUNDS}: {flows[-1]}, bare {bare[-1]:.0f}/s", flush=True)
    report(
        "webhooks",
        "a bare aiohttp loop posting the same bodies",
        median([flow.per_second / rate for flow, rate in zip(flows, bare, strict=True)]),
        per_second=median([flow.per_second for flow in flows]),
        bare_per_second=median(bare),
        worker_cpu_us=median([flow.own for flow in flows]),
        postgres_cpu_us=median([flow.postgres for flow in flows]),
        p50_ms=median(together),
        p99_ms=p99(together),
        p50_ms_apart=median(apart),
        p99_ms_apart=p99(apart),
    )


def idle(server: Server, receiver: Receiver) -> list[float]:
    """Milliseconds from commit to arrival, of single orders."""
    subscribe(server, receiver.urls[0])
    for _ in range(10):
        order(server)
    receiver.await_count(10, 20)
    receiver.take()
    for number in range(IDLE_ORDERS):
        order(server)
        receiver.await_count(number + 1, 20)
        time.sleep(IDLE_PAUSE)
    return delays(server, receiver.take())


def deliver(server: Server, worker: int, receiver: Receiver) -> Flow:
    os.kill(worker, signal.SIGSTOP)
    push(server)
    postmaster = postmaster_pid(server.attachment)
    own, theirs = cpu_seconds(worker), cpu_seconds(postmaster)
    started = time.time()
    os.kill(worker, signal.SIGCONT)
    receiver.await_count(ORDERS * ENDPOINTS, 120)
    own, theirs = cpu_seconds(worker) - own, cpu_seconds(postmaster) - theirs
    got = receiver.take()
    assert len({(each.endpoint, each.event_id) for each in got}) == len(got) == ORDERS * ENDPOINTS
    rate = len(got) / (max(each.at for each in got) - started)
    return Flow(rate, own / len(got) * 1e6, theirs / len(got) * 1e6)


def push(server: Server) -> None:
    lines = b"\n".join(json.dumps(order_body(order_number=f"#{number}")).encode() for number in range(ORDERS))
    headers = {"Authorization": f"ShippoToken {server.token}", "Content-Type": "application/x-ndjson"}
    with urllib.request.urlopen(urllib.request.Request(server.url + "/orders/bulk", lines, headers)) as answer:
        assert json.load(answer)["created"] == ORDERS


async def bodies(server: Server) -> list[bytes]:
    """The bodies of the last round."""
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    rows = await connection.fetch(
        "SELECT payload FROM events WHERE name = 'order_created' ORDER BY position DESC LIMIT $1", ORDERS
    )
    await connection.close()
    return [row["payload"].encode() for row in rows]


async def post(urls: Sequence[str], payloads: Sequence[bytes]) -> float:
    """The bare loop: every body to every endpoint; gives requests per second."""
    waiting = iter([(url, payload) for payload in payloads for url in urls])
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as session:

        async def send() -> None:
            for url, payload in waiting:
                async with session.post(url, data=payload) as answer:
                    await answer.read()

        started = time.perf_counter()
        await asyncio.gather(*[send() for _ in range(AT_ONCE * len(urls))])
        return len(payloads) * len(urls) / (time.perf_counter() - started)


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


if __name__ == "__main__":
    main()
