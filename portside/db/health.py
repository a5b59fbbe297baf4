"""What can be told of the database's health; for `doctor`."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.db.migrate import migrations, pending
from portside.db.partitions import PARTITIONED
from portside.db.tx import Tx
from portside.kit.clock import now


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`clock_seconds` is how far the database's clock is ahead of ours; `partitions_days` how long the partitions
    last that exist already."""

    version: str
    fsync: bool
    synchronous_commit: bool
    migrations: int
    pending: list[str]
    clock_seconds: float
    partitions_days: int
    size_bytes: int


async def health(tx: Tx) -> Health:
    """Ask the database how it is. # unscoped: for the operator."""
    row = await tx.fetchrow(
        "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, "
        "current_setting('synchronous_commit') AS commit, clock_timestamp() AS clock, "
        "pg_database_size(current_database()) AS size"
    )
    assert row is not None
    return Health(
        version=row["version"].split()[0],
        fsync=row["fsync"] == "on",
        synchronous_commit=row["commit"] != "off",
        migrations=len(migrations()),
        pending=await pending(tx),
        clock_seconds=(row["clock"] - dt.datetime.now(dt.UTC)).total_seconds(),
        partitions_days=await _partitions_days(tx),
        size_bytes=row["size"],
    )


async def _partitions_days(tx: Tx) -> int:
    last = None
    for table in PARTITIONED:
        name: str | None = await tx.fetchval(
            "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = to_regclass($1)", table
        )
        if name is None:
            return 0
        month = name.rsplit("_", 1)[1]
        last = month if last is None else min(last, month)
    assert last is not None
    start = dt.date(int(last[:4]), int(last[4:]), 1)
    return (start + dt.timedelta(days=28) - now().date()).days
