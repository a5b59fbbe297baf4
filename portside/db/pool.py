"""The pool of database connections of this process, opened at start, and how values cross to PostgreSQL and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
import msgspec

from portside.errors import Unavailable

_pool: asyncpg.Pool[asyncpg.Record] | None = None
# Told whenever the database turns out to be gone: the private one may have to be started again.
_when_lost: Callable[[], None] | None = None

_encode_json = msgspec.json.Encoder(decimal_format="string").encode
_decode_json = msgspec.json.Decoder().decode

# What asyncpg raises when there is nobody to talk to; a request then answers 503 and a worker waits.
UNREACHABLE = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


async def prepare_connection(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Ids are 32 hex characters to us and `uuid` to PostgreSQL; `jsonb` is msgspec's business."""
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=bytes.fromhex, decoder=bytes.hex, format="binary"
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + _encode_json(value),
        decoder=lambda data: _decode_json(data[1:]),
        format="binary",
    )


async def _no_reset(_connection: object) -> None:
    """No code leaves session state behind, so the RESET after each use (20–30 % of a short request) is not needed."""


async def open_pool(
    dsn: str, *, size: int, connect: Mapping[str, Any] | None = None, application: str = "portside"
) -> None:
    """Open this process's pool; `connect` are further arguments for asyncpg. Raises Unavailable."""
    global _pool
    try:
        _pool = await asyncpg.create_pool(
            dsn or None,
            min_size=min(2, size),
            max_size=size,
            init=prepare_connection,
            reset=_no_reset,
            max_inactive_connection_lifetime=0,
            server_settings={"application_name": application, "timezone": "UTC", "jit": "off"},
            **(connect or {}),
        )
    except UNREACHABLE as error:
        raise Unavailable(f"The database cannot be reached: {error}") from error


async def close_pool() -> None:
    """Close the pool, waiting a little for what still runs."""
    global _pool
    pool, _pool = _pool, None
    if pool is None:
        return
    try:
        await asyncio.wait_for(pool.close(), timeout=5)
    except TimeoutError:
        pool.terminate()


def when_lost(callback: Callable[[], None] | None) -> None:
    """Have `callback` called whenever the database cannot be reached."""
    global _when_lost
    _when_lost = callback


def note_lost() -> None:
    """The database could not be reached just now."""
    if _when_lost is not None:
        _when_lost()


def current_pool() -> asyncpg.Pool[asyncpg.Record]:
    """The open pool; an error of ours if nothing opened it."""
    if _pool is None:
        raise RuntimeError("open_pool() has not run in this process")
    return _pool
