"""Crashes need real processes on a database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import fresh_database
from tests.support.process import Installation


@pytest.fixture
async def installation(tmp_path: Path, worker_name: str) -> AsyncIterator[Installation]:
    """A database and data directory of this test's own; its processes end with it."""
    dsn = await fresh_database(f"crash_{worker_name}")
    installed = Installation(dsn, tmp_path)
    yield installed
    installed.stop()
