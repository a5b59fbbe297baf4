"""The simulator's own connections: another company's computer never shares our pool or our transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from portside.db.pool import prepare_connection
from portside.db.tx import Tx

_CONNECTIONS = 4
_CLOSING_SECONDS = 5


async def _no_reset(_connection: object) -> None:
    """The simulator leaves no session state behind, so asyncpg's RESET after each use is not needed."""


class Line:
    """A few connections, opened when they are first needed and closed when they idle."""

    def __init__(self, dsn: str, connect: Mapping[str, Any] | None = None) -> None:
        self._dsn = dsn
        self._connect = dict(connect or {})
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        """A connection in autocommit. Raises what asyncpg raises when the database cannot be reached."""
        pool = self._pool or await self._opened()
        async with pool.acquire(timeout=10) as connection:
            yield connection

    async def _opened(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn or None,
                    min_size=0,
                    max_size=_CONNECTIONS,
                    init=prepare_connection,
                    reset=_no_reset,
                    server_settings={"application_name": "portside-simulator", "timezone": "UTC", "jit": "off"},
                    **self._connect,
                )
            return self._pool

    async def close(self) -> None:
        """Close them, waiting a little for what still runs."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), timeout=_CLOSING_SECONDS)
        except TimeoutError:
            pool.terminate()
