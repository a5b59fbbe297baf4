"""Pull every plug in turn while thousands of webhooks are on their way: each still arrives at least once.

Two servers, two workers and a private PostgreSQL with its watchdog; whatever is killed is replaced at once. A receiver
counts a delivery only if it answered 200 to a sender who was still there. Duplicates are allowed (receivers know them
by their `webhook-id`): those of a worker or database that ended between an answer and its recording.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
import asyncpg
import pytest

from portside.db.embedded import attach
from portside.webhooks import rules
from portside.webhooks.flows import TURN_SECONDS
from tests.crash.test_plug import processes_of
from tests.orders.data import order_body
from tests.support.patience import PATIENCE
from tests.support.process import Installation, Running, Serving
from tests.support.sink import Manner, Sink, sinking

EMAIL = "paula@crash.example"
MERCHANTS = 8
# Of each merchant's endpoints the last fails at random. All are slow enough that many requests are always open.
MANNERS = (Manner(0.4), Manner(0.4), Manner(0.4, failing=0.1))
VICTIMS = ("worker", "server", "postgres", "worker", "server", "watchdog") * 3 + ("worker", "server")
IN_FLIGHT = 100
# So many deliveries may wait before the merchants pause: enough for all endpoints, and drained in seconds.
MOST_WAITING = 1500
ENVIRON = {
    "PORTSIDE_JOB_LEASE_SECONDS": "5",
    "PORTSIDE_WEBHOOK_RETRY_SCHEDULE": "1,1,2,2,5,5,5,10,10,30",
}


class Kill(NamedTuple):
    at: float
    victim: str
    in_flight: int


class Crew:
    """The processes that are up now, and who is killed when."""

    def __init__(self, installation: Installation) -> None:
        self.servers: list[Serving] = []
        self.workers: list[Running] = []
        self.kills: list[Kill] = []
        self._installation = installation
        self._replacing: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        # One first, so that there is one who makes the database.
        await self._start_server()
        await asyncio.gather(self._start_server(), self._start_worker(), self._start_worker())

    async def kill(self, victim: str, sink: Sink) -> None:
        """Kill one when enough is in flight, and have it replaced; a victim of another kind need not wait for that."""
        if victim in self._replacing:
            await self._replacing[victim]
        before = len(sink.got)
        await until(lambda: sink.open >= IN_FLIGHT and len(sink.got) >= before + IN_FLIGHT)
        self.kills.append(Kill(time.time(), victim, sink.open))
        if victim == "worker":
            self.workers.pop(0).kill()
            self._replacing[victim] = asyncio.create_task(self._start_worker())
        elif victim == "server":
            self.servers.pop(0).kill()
            self._replacing[victim] = asyncio.create_task(self._start_server())
        else:
            os.kill(database_process(self._installation.folder, victim), signal.SIGKILL)

    async def complete(self) -> None:
        await asyncio.gather(*self._replacing.values())

    async def _start_server(self) -> None:
        self.servers.append(await asyncio.to_thread(self._installation.serve, "--no-worker"))

    async def _start_worker(self) -> None:
        self.workers.append(await asyncio.to_thread(self._installation.work))


def database_process(folder: Path, name: str) -> int:
    """The pid of the postmaster or of its watchdog."""
    mark = "postgres -D" if name == "postgres" else "watchdog"
    [pid] = [pid for pid, command in processes_of(folder).items() if mark in command]
    return pid


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        await asyncio.sleep(0.005)


class Merchants:
    """Push orders by whichever server is up, and remember which were acknowledged."""

    def __init__(self, crew: Crew, token: str) -> None:
        self.acknowledged: list[str] = []
        self.accounts: list[str] = []
        self._crew = crew
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"ShippoToken {token}"}, timeout=aiohttp.ClientTimeout(total=15)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()

    def endpoints(self, account: str) -> range:
        """The numbers of a merchant's endpoints."""
        first = self.accounts.index(account) * len(MANNERS)
        return range(first, first + len(MANNERS))

    def waiting(self, sink: Sink) -> int:
        """How many deliveries of acknowledged orders have not arrived."""
        return len(self.acknowledged) * len(MANNERS) - len(sink.distinct)

    async def call(self, path: str, body: dict[str, Any], account: str = "") -> dict[str, Any]:
        headers = {"SHIPPO-ACCOUNT-ID": account} if account else {}
        async with self._session.post(self._crew.servers[-1].url + path, json=body, headers=headers) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def join(self, sink: Sink) -> None:
        """Open the accounts, each with its endpoints."""
        for number in range(MERCHANTS):
            names = {"first_name": "Bob", "last_name": "Example", "company_name": f"Crash Test Shop {number}"}
            account = await self.call("/shippo-accounts", {"email": f"shop{number}@crash.example", **names})
            self.accounts.append(account["object_id"])
            for endpoint in self.endpoints(account["object_id"]):
                webhook = {"url": sink.urls[endpoint], "event": "order_created"}
                await self.call("/webhooks", webhook, account["object_id"])

    @asynccontextmanager
    async def pushing(self, is_enough: Callable[[], bool]) -> AsyncIterator[None]:
        """Every merchant pushes orders while the block runs, but for the times when `is_enough`."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for account in self.accounts:
                group.create_task(self._push(account, over, is_enough))
            yield
            over.set()

    async def _push(self, account: str, over: asyncio.Event, is_enough: Callable[[], bool]) -> None:
        number = 0
        while not over.is_set():
            number += 1
            order = {} if is_enough() else await self._try_order(order_body(order_number=f"{number}"), account)
            if not order:
                await asyncio.sleep(0.02)

    async def _try_order(self, body: dict[str, Any], account: str) -> dict[str, Any]:
        """Empty when there was no answer, or 503."""
        try:
            order = await self.call("/orders", body, account)
        except (aiohttp.ClientError, TimeoutError):
            return {}
        self.acknowledged.append(order["object_id"])
        return order


class Made(NamedTuple):
    """An event as it stands in the database."""

    id: str
    account_id: str
    order_id: str


async def stored_events(folder: Path) -> tuple[list[Made], int]:
    """Every event of an order, and how many deliveries and jobs are still open, or given up."""
    with attach(folder) as attachment:
        connection = await asyncpg.connect(**attachment.connect_kwargs)
        rows = await connection.fetch("SELECT id, account_id, object_id FROM events WHERE name = 'order_created'")
        waiting: int = await connection.fetchval(
            "SELECT (SELECT count(*) FROM webhook_deliveries WHERE state <> 'delivered') "
            "+ (SELECT count(*) FROM jobs WHERE kind = 'webhooks.fan_out') + (SELECT count(*) FROM dead_jobs)"
        )
        await connection.close()
    return [Made(*(value.hex for value in row)) for row in rows], waiting


async def drained(folder: Path, seconds: float = PATIENCE) -> tuple[list[Made], int]:
    """The same once nothing is open any more, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        events, waiting = await stored_events(folder)
        if not waiting or time.monotonic() > deadline:
            return events, waiting
        await asyncio.sleep(0.3)


def reach(victim: str) -> float:
    """For how many seconds after a kill a copy may arrive that nobody can write down any more: what was on the wire
    when a worker ended; without a database, all that a round still sends before it finds that out."""
    return 1.0 if victim == "worker" else 1.0 + TURN_SECONDS + rules.PATIENCE


def explained(sink: Sink, kills: list[Kill]) -> dict[str, int]:
    """The repeats, by what was killed since the copy before: a worker, else the database; `nothing` if neither was."""
    found: Counter[str] = Counter()
    last: dict[tuple[int, str], float] = {}
    for got in sorted(sink.got, key=lambda got: got.at):
        before = last.get((got.endpoint, got.event_id))
        last[got.endpoint, got.event_id] = got.at
        if before is not None:
            victims = {kill.victim for kill in kills if before - reach(kill.victim) < kill.at < got.at} - {"server"}
            found["worker" if "worker" in victims else "database" if victims else "nothing"] += 1
    return dict(found)


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Installation]:
    folder = tmp_path / "data"
    folder.mkdir()
    installation = Installation("", folder, **ENVIRON)
    yield installation
    installation.stop()


async def test_no_kill_loses_a_webhook(private: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    private.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = private.command("create-token", "--email", EMAIL, "--mode", "test")
    crew = Crew(private)
    began = time.monotonic()
    async with sinking(MANNERS * MERCHANTS) as sink, Merchants(crew, token) as merchants:
        await crew.start()
        await merchants.join(sink)
        async with merchants.pushing(lambda: merchants.waiting(sink) > MOST_WAITING):
            for victim in VICTIMS:
                await crew.kill(victim, sink)
            await crew.complete()
        killed = time.monotonic()
        events, left = await drained(private.folder)
        seconds = (killed - began, time.monotonic() - killed)
    due = {(endpoint, event.id) for event in events for endpoint in merchants.endpoints(event.account_id)}
    arrived = Counter((got.endpoint, got.event_id) for got in sink.got)
    silent = set(merchants.acknowledged) - {event.order_id for event in events}
    lost = due - set(arrived)
    with capsys.disabled():
        print(
            f"\n{len(crew.kills)} kills of {dict(Counter(kill.victim for kill in crew.kills))}, with "
            f"{min(kill.in_flight for kill in crew.kills)} or more requests in flight at each, in {seconds[0]:.0f} s, "
            f"and {seconds[1]:.0f} s to drain: {len(merchants.acknowledged)} orders acknowledged, {len(events)} events "
            f"made, {len(due)} deliveries due, {len(arrived)} delivered, {len(lost)} lost; "
            f"{len(sink.got) - len(arrived)} duplicates, by kills of {explained(sink, crew.kills)}; "
            f"{sink.refused} answered 500, {sink.abandoned} cut off by the sender's end"
        )
    assert not lost and not silent and not left, private.logs()
    assert set(arrived) == due
    assert len(merchants.acknowledged) >= 300
