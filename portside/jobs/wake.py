"""Waking whoever waits for committed work: at once in this process, by NOTIFY in the others.

A process sends at most one NOTIFY per 20 ms, after the commit and on a connection of its own, never inside a business
transaction (a NOTIFY there cuts commits 2.3–3.2x). The slow poll of those who wait is the net under it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from portside.db.pool import current_pool
from portside.jobs.trouble import TROUBLE
from portside.kit.tripwire import leave

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from portside.db.tx import Tx

log = structlog.get_logger(__name__)

CHANNEL = "portside_work"
LEAST_PAUSE = 0.02
# A connection that died without a word is noticed after this many seconds at most.
CHECK_SECONDS = 15.0

# Topic (a lane; later also a live stream's) -> those who wait for it in this process.
_waiting: dict[str, set[asyncio.Event]] = {}
_sharers: set[_Sharer] = set()


def note(topic: str) -> None:
    """Work on this topic has been committed by this process."""
    _wake_here(topic)
    for sharer in _sharers:
        sharer.add(topic)


@cache
def noter(topic: str) -> Callable[[], None]:
    """`note` for one topic; always the same object, so that `after_commit` calls it once."""
    return partial(note, topic)


@contextmanager
def watching(topic: str, event: asyncio.Event) -> Iterator[None]:
    """Have `event` set whenever there may be new work on the topic."""
    _waiting.setdefault(topic, set()).add(event)
    try:
        yield
    finally:
        _waiting[topic].discard(event)


async def share() -> None:
    """Exchange notes with the other processes on this database, until cancelled; one per process, beside its pool.

    Keeps one connection of the pool. An unreachable database is waited for.
    """
    leave()
    sharer = _Sharer()
    _sharers.add(sharer)
    try:
        while True:
            try:
                async with current_pool().acquire() as connection, _listening(connection, sharer):
                    await sharer.run(connection)
            except TROUBLE as error:
                log.warning("job_notes_interrupted", error=str(error))
            await asyncio.sleep(1)
    finally:
        _sharers.discard(sharer)


class _Sharer:
    """The topics that the other processes have still to be told of."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self.roused = asyncio.Event()

    def add(self, topic: str) -> None:
        self._topics.add(topic)
        self.roused.set()

    async def run(self, connection: Tx) -> None:
        """Send what is noted until the connection ends."""
        while not connection.is_closed():
            try:
                # Not wait_for, which in Python 3.11 forgets that it was cancelled if there was a note just before.
                async with asyncio.timeout(CHECK_SECONDS):
                    await self.roused.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=5)
            self.roused.clear()
            if self._topics:
                text = ",".join(sorted(self._topics))
                self._topics.clear()
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, text, timeout=5)
                await asyncio.sleep(LEAST_PAUSE)


@asynccontextmanager
async def _listening(connection: Tx, sharer: _Sharer) -> AsyncIterator[None]:
    own = connection.get_server_pid()

    def hear(_connection: Any, sender: int, _channel: str, payload: object) -> None:
        if sender != own:
            for topic in str(payload).split(","):
                _wake_here(topic)

    def ended(_connection: Any) -> None:
        sharer.roused.set()

    await connection.add_listener(CHANNEL, hear)
    connection.add_termination_listener(ended)
    # What the others noted while nobody listened here is found by looking.
    for topic in list(_waiting):
        _wake_here(topic)
    try:
        yield
    finally:
        # A connection that has ended has left the pool's hands already, and its listeners with it.
        with suppress(asyncpg.InterfaceError):
            connection.remove_termination_listener(ended)
            await asyncio.wait_for(connection.remove_listener(CHANNEL, hear), timeout=5)


def _wake_here(topic: str) -> None:
    for event in _waiting.get(topic, ()):
        event.set()
