"""What a worker waits out: a database that is gone, restarting, full or busy never ends a worker."""

from __future__ import annotations

import asyncio

import asyncpg

from portside.errors import Unavailable

TROUBLE = (
    Unavailable,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # asyncpg's word for a connection whose server said goodbye while nothing was asked of it.
    asyncpg.InternalClientError,
    OSError,
    asyncio.TimeoutError,
)
