"""Migrations: an empty database becomes current, once, whoever starts at the same time."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from portside.db.migrate import MigrationError, migrate, migrations, pending
from tests.support.database import fresh_database


@pytest.mark.usefixtures("database")
async def test_two_processes_migrating_at_once_apply_each_file_once(worker_name: str) -> None:
    dsn = await fresh_database(f"empty_{worker_name}")
    first, second = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await first.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        assert await pending(first) == [migration.name for migration in migrations()]
        done = await asyncio.gather(migrate(first), migrate(second))
        assert sorted(done[0] + done[1]) == [migration.name for migration in migrations()]
        assert await pending(first) == []
    finally:
        await first.close()
        await second.close()


@pytest.mark.usefixtures("database")
async def test_a_changed_or_unknown_migration_is_refused(worker_name: str) -> None:
    dsn = await fresh_database(f"changed_{worker_name}")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("UPDATE schema_migrations SET digest = 'x' WHERE name = $1", migrations()[0].name)
        with pytest.raises(MigrationError, match="was changed after"):
            await migrate(connection)
        await connection.execute("INSERT INTO schema_migrations VALUES ('29991231_01_future.sql', 'x', now())")
        with pytest.raises(MigrationError, match="newer Portside"):
            await migrate(connection)
    finally:
        await connection.close()
