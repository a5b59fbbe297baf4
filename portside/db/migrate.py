"""Applies the SQL files in `migrations/`, in the order of their names, each in a transaction of its own."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

import asyncpg

from portside.db.partitions import make_partitions
from portside.db.tx import Tx
from portside.errors import OperatorError
from portside.kit.clock import now

# Two processes that start together take turns; the number is ours and arbitrary.
ADVISORY_LOCK = 7_012_026
OLDEST_POSTGRESQL = 150_000


class MigrationError(OperatorError):
    """The database cannot be brought to this version; the message says what to do."""


class Migration(NamedTuple):
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """The files, in order."""
    folder = resources.files("portside.db") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(file.name, file.read_text(encoding="utf-8")) for file in files]


async def migrate(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Bring the database up to date; gives the names of what was applied. Raises MigrationError."""
    version = connection.get_server_version()
    if version.major * 10_000 < OLDEST_POSTGRESQL:
        raise MigrationError(f"Portside needs PostgreSQL 15 or newer; this is {version.major}.{version.minor}.")
    await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
    try:
        return await _apply(connection)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", ADVISORY_LOCK)


async def pending(tx: Tx) -> list[str]:
    """The migrations which this database has not had."""
    known = await _applied(tx)
    return [migration.name for migration in migrations() if migration.name not in known]


async def _apply(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL)"
    )
    known = await _applied(connection)
    ours = migrations()
    if unknown := sorted(set(known) - {migration.name for migration in ours}):
        raise MigrationError(f"This database was written by a newer Portside (it has {unknown[-1]}); upgrade first.")
    done = []
    for migration in ours:
        if migration.name not in known:
            await _apply_one(connection, migration)
            done.append(migration.name)
        elif known[migration.name] != migration.digest:
            raise MigrationError(f"{migration.name} was changed after it had been applied to this database.")
    async with connection.transaction():
        await make_partitions(connection, now().date())
    return done


async def _apply_one(connection: asyncpg.Connection[asyncpg.Record], migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10min'")
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (name, digest, applied_at) VALUES ($1, $2, $3)",
            migration.name,
            migration.digest,
            now(),
        )


async def _applied(tx: Tx) -> dict[str, str]:
    if await tx.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return {}
    return {row["name"]: row["digest"] for row in await tx.fetch("SELECT name, digest FROM schema_migrations")}
