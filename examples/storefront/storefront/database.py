"""The store's own database: one SQLite file in WAL mode, a connection for each block of work."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Connection = sqlite3.Connection


class Database:
    """`path` is made with mode 0600: access tokens are in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._connected() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent look at the data."""
        with self._connected() as db:
            db.execute("BEGIN")
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: kept if the block ends, undone if it raises. Never call anybody over the network in it,
        for SQLite has one writer at a time."""
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        try:
            db.row_factory = _as_dict
            db.execute("PRAGMA foreign_keys = ON")
            yield db
        finally:
            db.close()


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def one(db: Connection, query: str, *values: object) -> Row | None:
    """The first row, if there is one. A number that SQLite cannot hold is in no row."""
    try:
        row: Row | None = db.execute(query, values).fetchone()
    except OverflowError:
        return None
    return row


def rows(db: Connection, query: str, *values: object) -> list[Row]:
    return db.execute(query, values).fetchall()


def now(**later: float) -> str:
    """The time, as it is stored: `now(minutes=15)` is in a quarter of an hour. Such texts sort by time."""
    return stamp(dt.datetime.now(dt.UTC) + dt.timedelta(**later))


def stamp(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")


def changed(db: Connection, merchant_id: str) -> None:
    """Open pages of this merchant, and of the merchant's buyers, will look again."""
    db.execute("UPDATE merchants SET version = version + 1 WHERE id = ?", (merchant_id,))
