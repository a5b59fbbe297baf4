"""One PostgreSQL for a test run: started by the run itself, or named by PORTSIDE_TEST_DATABASE_URL.

The controlling process migrates a template once; every test worker copies it into a database of its own.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

import asyncpg

from portside.db.embedded import carrier, temporary_server
from portside.db.migrate import migrate

_ADMIN = "PORTSIDE_TEST_ADMIN_DSN"
_RUN = "PORTSIDE_TEST_RUN"


class TestServer:
    """Owned by the controlling process; workers find it by its environment variable."""

    __test__ = False

    def __init__(self) -> None:
        self._stack = ExitStack()

    def start(self) -> None:
        dsn = os.environ.get("PORTSIDE_TEST_DATABASE_URL") or self._own()
        os.environ[_ADMIN] = dsn
        os.environ[_RUN] = str(os.getpid())
        asyncio.run(_make_template(dsn))

    def _own(self) -> str:
        pg_bin = os.environ.get("PORTSIDE_PG_BIN")
        server = temporary_server(pg_bin=Path(pg_bin) if pg_bin else None)
        return self._stack.enter_context(server).dsn

    def stop(self) -> None:
        asyncio.run(_drop_databases())
        os.environ.pop(_ADMIN, None)
        self._stack.close()


def database_dsn(name: str) -> str:
    """The DSN of another database on the run's server."""
    parts = urllib.parse.urlsplit(os.environ[_ADMIN])
    return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))


def run_database(name: str) -> str:
    """A database name that no other run on the same server uses."""
    return f"portside_test_{os.environ[_RUN]}_{name}"


async def fresh_database(name: str, template: str = "template") -> str:
    """Make (again) a migrated database of this run by that name and give its DSN."""
    name, template = run_database(name), run_database(template)
    admin = await asyncpg.connect(os.environ[_ADMIN])
    try:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        # Several workers copy the template at once; PostgreSQL refuses while another copy reads it.
        for _ in range(100):
            try:
                await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
                break
            except asyncpg.ObjectInUseError:
                await asyncio.sleep(0.1)
    finally:
        await admin.close()
    return database_dsn(name)


async def _make_template(dsn: str) -> None:
    name = run_database("template")
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    await admin.close()
    connection = await asyncpg.connect(database_dsn(name))
    await migrate(connection)
    await connection.close()


async def _drop_databases() -> None:
    admin = await asyncpg.connect(os.environ[_ADMIN])
    for row in await admin.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", run_database("")):
        await admin.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
    await admin.close()


def dump(dsn: str) -> str:
    """All rows of a database, as pg_dump writes them."""
    done = subprocess.run(
        [_pg_dump(), "--data-only", "--inserts", dsn], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


def _pg_dump() -> str:
    """The pg_dump that fits the run's server: a newer one reads older servers, not the other way round."""
    folder = os.environ.get("PORTSIDE_PG_BIN")
    if folder:
        return str(Path(folder) / "pg_dump")
    wheel = carrier()
    assert wheel is not None
    return str(next(wheel.package.rglob("bin/pg_dump")))
