"""Commands run on a data directory with a private PostgreSQL of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import Installation

EMAIL = "alice@cli.example"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Installation]:
    folder = tmp_path / "data"
    folder.mkdir()
    installation = Installation("", folder)
    yield installation
    installation.stop()
