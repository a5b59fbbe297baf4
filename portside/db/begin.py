"""Opening database units. Only edges (api, jobs, inbox, web, cli) and flows may import this (law 1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from portside.db import commits
from portside.db.pool import UNREACHABLE, current_pool, note_lost
from portside.db.tx import PoolConnection, Tx
from portside.errors import Unavailable
from portside.kit.tripwire import hold

# Seconds: how long a request waits for the database to come back before it is told so, and between two looks.
_PATIENCE = 5.0
_PAUSE = 0.1

_WENT_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionError,
)


@asynccontextmanager
async def begin() -> AsyncIterator[Tx]:
    """A transaction: committed when the block ends, rolled back when it raises. Raises Unavailable."""
    async with reading() as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def reading() -> AsyncIterator[Tx]:
    """A connection for single-statement reads, without the two round trips of a transaction."""
    connection = await _acquired()
    waiting = commits.collect()
    try:
        with hold():
            yield connection
    except _WENT_AWAY as error:
        note_lost()
        raise Unavailable("The database went away while working on this.") from error
    finally:
        commits.forget()
        await current_pool().release(connection)
    commits.run(waiting)


async def _acquired() -> PoolConnection:
    """A connection. A database that is being restarted is waited for, a little: nothing has been done yet."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        try:
            return await current_pool().acquire(timeout=_PATIENCE)
        except UNREACHABLE as error:
            note_lost()
            if asyncio.get_running_loop().time() >= deadline:
                raise Unavailable from error
        await asyncio.sleep(_PAUSE)
