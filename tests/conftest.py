"""The run's PostgreSQL, one database per test worker, and the cast (law 8)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from portside.db.pool import close_pool, open_pool
from tests.support.database import TestServer, fresh_database

_server: TestServer | None = None


def pytest_configure(config: pytest.Config) -> None:
    global _server
    if not hasattr(config, "workerinput"):
        _server = TestServer()
        _server.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None:
        _server.stop()


@pytest.fixture(scope="session")
def worker_name() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
async def database(worker_name: str) -> AsyncIterator[str]:
    """This worker's database, with this process's pool open on it; gives its DSN."""
    dsn = await fresh_database(worker_name)
    await open_pool(dsn, size=10)
    yield dsn
    await close_pool()
