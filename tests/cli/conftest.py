"""Commands run on a data directory with a private PostgreSQL of its own, or beside the others on the run's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.database import fresh_database
from tests.support.process import Installation

EMAIL = "alice@cli.example"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Installation]:
    folder = tmp_path / "data"
    folder.mkdir()
    installation = Installation("", folder)
    yield installation
    installation.stop()


@pytest.fixture
async def shared(tmp_path: Path, worker_name: str) -> AsyncIterator[Installation]:
    """A database of the test's own on the run's PostgreSQL."""
    installation = Installation(await fresh_database(f"cli_{worker_name}"), tmp_path)
    yield installation
    installation.stop()
