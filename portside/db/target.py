"""The PostgreSQL that a process uses: the configured one or the private one, migrated, with the pool open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from portside.db import embedded
from portside.db.migrate import migrate
from portside.db.pool import UNREACHABLE, close_pool, open_pool
from portside.errors import Unavailable
from portside.settings import Settings

# How often a private PostgreSQL may go away while a process starts.
_TRIES = 3


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The database to use: a DSN, and further arguments for asyncpg. `attachment` if it is the private one."""

    dsn: str
    connect: dict[str, Any] = {}
    attachment: embedded.Attachment | None = None


@contextmanager
def database(settings: Settings) -> Iterator[Target]:
    """The configured PostgreSQL, or the private one, started if need be and held while the block runs.

    To be entered before the event loop starts. Raises EmbeddedError.
    """
    if settings.database_url:
        yield Target(dsn=settings.database_url)
        return
    pg_bin = Path(settings.pg_bin) if settings.pg_bin else None
    with embedded.attach(settings.data_dir, pg_bin=pg_bin, pg_user=settings.pg_user) as attachment:
        yield Target(dsn="", connect=dict(attachment.connect_kwargs), attachment=attachment)


async def connect(target: Target) -> asyncpg.Connection[asyncpg.Record]:
    """One plain connection. Raises Unavailable."""
    try:
        return await asyncpg.connect(target.dsn or None, **target.connect)
    except (*UNREACHABLE, asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise Unavailable(f"The database cannot be reached: {error}") from error
    except ValueError as error:
        # asyncpg's own errors about a DSN are among those above; a port that is no number is not.
        raise Unavailable(f"DATABASE_URL cannot be read: {error}") from error


async def migrated(target: Target) -> list[str]:
    """Bring the database up to date; gives what was applied. Raises MigrationError, Unavailable."""
    connection = await connect(target)
    try:
        return await migrate(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def opened(settings: Settings, target: Target, application: str) -> AsyncIterator[None]:
    """The migrated database, with this process's pool open while the block runs. Raises MigrationError, Unavailable."""
    await _open(settings, target, application)
    try:
        yield
    finally:
        await close_pool()


async def _open(settings: Settings, target: Target, application: str) -> None:
    """Migrate, and open the pool. A private PostgreSQL that is killed meanwhile is started again, as it is later on."""
    for tries_left in reversed(range(_TRIES)):
        try:
            await migrated(target)
            await open_pool(target.dsn, size=settings.pool_size, connect=target.connect, application=application)
            return
        except (Unavailable, *UNREACHABLE):
            if target.attachment is None or not tries_left:
                raise
        await asyncio.to_thread(target.attachment.revive)
