"""Opening database units. Only edges (api, jobs, inbox, web, cli) and flows may import this (law 1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from portside.db import commits
from portside.db.pool import UNREACHABLE, current_pool
from portside.db.tx import Tx
from portside.errors import Unavailable
from portside.kit.tripwire import hold

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
    async with _connection() as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def reading() -> AsyncIterator[Tx]:
    """A connection for single-statement reads, without the two round trips of a transaction."""
    async with _connection() as connection:
        yield connection


@asynccontextmanager
async def _connection() -> AsyncIterator[Tx]:
    try:
        connection = await current_pool().acquire(timeout=10)
    except UNREACHABLE as error:
        raise Unavailable from error
    waiting = commits.collect()
    try:
        with hold():
            yield connection
    except _WENT_AWAY as error:
        raise Unavailable("The database went away while working on this.") from error
    finally:
        commits.forget()
        await current_pool().release(connection)
    commits.run(waiting)
