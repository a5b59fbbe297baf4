"""Webhooks through one worker process against a bare aiohttp loop that posts the same bodies to the same receiver.

`per_second` is everything that a delivery takes: fanning the event out, reading what is due, signing, sending through
the guarded door, and writing the attempt, the state and the health. The worker is halted while the orders are pushed
and the tables are vacuumed, so that what is measured is its own work. Worker and bare loop take turns in going first,
and each ratio is of neighbours, so that a machine which gets slower or faster favours neither. `p50_ms` is from the
commit of an order (PostgreSQL's own record of it) to the arrival of its webhook, when nothing else is going on: with
the worker inside `serve`, and `p50_ms_apart` with `serve --no-worker` and `worker` as two processes, which wake one
another by NOTIFY; these two take turns as well.
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
from bench.support_webhooks import COMMIT_TIMES, Receiver, delays, order, receiving, settle, subscribe
from tests.orders.data import order_body
from tests.support.sink import Manner

ENDPOINTS = 4
# As many requests at once to each endpoint as a turn makes.
AT_ONCE = 16
ORDERS = 2000
ROUNDS = 5
IDLE_BLOCKS = 4
IDLE_ORDERS = 30
IDLE_PAUSE = 0.05


class Flow(NamedTuple):
    """How fast deliveries went, and CPU microseconds for each of them, of the sender and of PostgreSQL."""

    per_second: float
    own: float
    postgres: float


def main() -> None:
    with (
        receiving([Manner()] * ENDPOINTS) as receiver,
        serving("--no-worker", postgres=COMMIT_TIMES) as server,
        working(server) as worker,
    ):
        with serving(postgres=COMMIT_TIMES) as whole:
            together, apart = idle_by_turns([whole, server], receiver)
        for url in receiver.urls[1:]:
            subscribe(server, url)
        rounds = [one_round(server, worker, receiver, number) for number in range(ROUNDS)]
    flows, bare = [flow for flow, _ in rounds], [rate for _, rate in rounds]
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


def idle_by_turns(servers: Sequence[Server], receiver: Receiver) -> list[list[float]]:
    """Milliseconds from commit to arrival, of single orders, at each of the servers."""
    for server in servers:
        subscribe(server, receiver.urls[0])
        # A process's first orders are spent on connections and plans.
        idle(server, receiver, 10)
    found: list[list[float]] = [[] for _ in servers]
    for number in range(IDLE_BLOCKS):
        for server, times in zip(servers, found, strict=True):
            times += idle(server, receiver, IDLE_ORDERS)
        print(f"idle, {number + 1} of {IDLE_BLOCKS}: p50 {[round(median(times), 1) for times in found]} ms", flush=True)
    return found


def idle(server: Server, receiver: Receiver, orders: int) -> list[float]:
    for number in range(orders):
        order(server)
        receiver.await_count(number + 1, 20)
        time.sleep(IDLE_PAUSE)
    return delays(server, receiver.take())


def one_round(server: Server, worker: int, receiver: Receiver, number: int) -> tuple[Flow, float]:
    """The worker's flow and the bare loop's requests per second, the one or the other first."""
    os.kill(worker, signal.SIGSTOP)
    push(server)
    asyncio.run(settle(server))
    payloads = asyncio.run(bodies(server))
    if number % 2:
        bare, flow = compare(receiver, payloads), deliver(server, worker, receiver)
    else:
        flow, bare = deliver(server, worker, receiver), compare(receiver, payloads)
    print(f"round {number + 1} of {ROUNDS}: {flow.per_second:.0f}/s, bare {bare:.0f}/s", flush=True)
    return flow, bare


def compare(receiver: Receiver, payloads: Sequence[bytes]) -> float:
    rate = uvloop.run(post(receiver.urls, payloads))
    receiver.take()
    return rate


def deliver(server: Server, worker: int, receiver: Receiver) -> Flow:
    """What the worker makes of what waits, from the moment it goes on."""
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
