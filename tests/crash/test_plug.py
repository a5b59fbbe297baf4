"""Pull the plug of any process: no acknowledged order is lost, the rest goes on, and nothing is left running."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.orders.data import order_body
from tests.support.patience import PATIENCE
from tests.support.process import Installation, Serving

EMAIL = "alice@crash.example"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Installation]:
    """An installation with a private PostgreSQL of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    installation = Installation("", folder)
    installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    yield installation
    installation.stop()


def processes_of(folder: Path) -> dict[int, str]:
    """Every live process that works in the data directory: PostgreSQL's and its watchdog's."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            cwd = os.readlink(entry / "cwd")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if cwd.startswith(str(folder)) or str(folder) in command:
            found[int(entry.name)] = command
    return found


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.05)


class Pusher:
    """Pushes orders without pause and remembers which were acknowledged."""

    def __init__(self, server: Serving, token: str) -> None:
        self.acknowledged: list[str] = []
        self.other: list[int] = []
        self._headers = {"Authorization": f"ShippoToken {token}"}
        self._url = server.url

    async def push(self, until: Callable[[], bool]) -> None:
        await asyncio.gather(*(self._push_some(lane, until) for lane in range(8)))

    async def _push_some(self, lane: int, until: Callable[[], bool]) -> None:
        number = 0
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers, timeout=PATIENCE) as client:
            while not until():
                number += 1
                try:
                    answer = await client.post("/orders", json=order_body(order_number=f"{lane}-{number}"))
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json()["order_number"])
                else:
                    self.other.append(answer.status_code)


async def numbers(server: Serving, token: str) -> list[str]:
    """The order numbers that the server knows, following every page."""
    found: list[str] = []
    async with httpx.AsyncClient(headers={"Authorization": f"ShippoToken {token}"}, timeout=PATIENCE) as client:
        url: str | None = f"{server.url}/orders?results=100"
        while url:
            page = (await client.get(url)).raise_for_status().json()
            found += [order["order_number"] for order in page["results"]]
            url = page["next"]
    return found


async def test_a_killed_server_loses_no_acknowledged_order_and_leaves_nothing_running(private: Installation) -> None:
    token = private.command("create-token", "--email", EMAIL)
    server = private.serve()
    pusher = Pusher(server, token)
    pushing = asyncio.create_task(pusher.push(lambda: server.process.poll() is not None))
    while len(pusher.acknowledged) < 50:
        await asyncio.sleep(0.01)
    server.process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(server.process.wait)
    await pushing
    await asyncio.to_thread(wait_until, lambda: not processes_of(private.folder))
    again = private.serve()
    known = await numbers(again, token)
    assert set(pusher.acknowledged) <= set(known)
    assert len(known) == len(set(known))
    assert again.end() == 0
    await asyncio.to_thread(wait_until, lambda: not processes_of(private.folder))


@pytest.mark.parametrize("victim", ["postgres", "watchdog", "both"])
async def test_the_server_outlives_its_database(private: Installation, victim: str) -> None:
    token = private.command("create-token", "--email", EMAIL)
    server = private.serve()
    pusher = Pusher(server, token)
    goal = [10**9]
    pushing = asyncio.create_task(pusher.push(lambda: len(pusher.acknowledged) >= goal[0]))
    while len(pusher.acknowledged) < 30:
        await asyncio.sleep(0.01)
    for pid, command in processes_of(private.folder).items():
        is_postmaster = "postgres -D" in command or command.endswith("/postgres") or "/bin/postgres " in command
        is_watchdog = "watchdog" in command
        if (victim != "watchdog" and is_postmaster) or (victim != "postgres" and is_watchdog):
            os.kill(pid, signal.SIGKILL)
    goal[0] = len(pusher.acknowledged) + 60
    await asyncio.wait_for(pushing, PATIENCE)
    known = await numbers(server, token)
    assert set(pusher.acknowledged) <= set(known)
    assert len(known) == len(set(known))
    assert set(pusher.other) <= {503}
    assert server.end() == 0
    await asyncio.to_thread(wait_until, lambda: not processes_of(private.folder))


async def test_ctrl_c_ends_everything(private: Installation) -> None:
    server, worker = private.serve(), private.work()
    assert processes_of(private.folder)
    assert server.end() == 0
    assert worker.process.poll() is None
    assert worker.end() == 0
    await asyncio.to_thread(wait_until, lambda: not processes_of(private.folder))
