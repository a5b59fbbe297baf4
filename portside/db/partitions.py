"""Monthly partitions of the append-only tables: made ahead, dropped when they are older than the retention."""

from __future__ import annotations

import datetime as dt

from portside.db.tx import Tx

PARTITIONED = ("events", "webhook_deliveries", "webhook_attempts")
MONTHS_AHEAD = 3


def _month(day: dt.date, shift: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + shift
    return dt.date(index // 12, index % 12 + 1, 1)


async def make_partitions(tx: Tx, today: dt.date) -> None:
    """Make sure that each append-only table has a partition for last month, this one and the next three."""
    for table in PARTITIONED:
        for shift in range(-1, MONTHS_AHEAD + 1):
            start, end = _month(today, shift), _month(today, shift + 1)
            await tx.execute(
                f"CREATE TABLE IF NOT EXISTS {table}_{start:%Y%m} PARTITION OF {table} "
                f"FOR VALUES FROM ('{start}') TO ('{end}')"
            )


async def drop_partitions(tx: Tx, today: dt.date, retention_days: int) -> list[str]:
    """Drop the partitions whose every row is older than the retention; gives their names."""
    oldest = today - dt.timedelta(days=retention_days)
    dropped = []
    for table in PARTITIONED:
        rows = await tx.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass", table
        )
        for row in rows:
            start = dt.datetime.strptime(row["name"].rsplit("_", 1)[1], "%Y%m").date()
            if _month(start, 1) <= oldest:
                await tx.execute(f"DROP TABLE {row['name']}")
                dropped.append(row["name"])
    return dropped
