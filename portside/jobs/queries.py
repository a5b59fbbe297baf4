"""Reading the queue, for doctor, metrics and the operator's commands."""

from __future__ import annotations

import msgspec

from portside.db.tx import Tx
from portside.jobs.models import LANES, DeadJob, LaneLoad

_DEAD_COLUMNS = ", ".join(DeadJob.__struct_fields__)


# unscoped: the queue serves the whole installation, and only its operator sees it.
async def list_dead(tx: Tx, *, kind: str | None = None, before: int | None = None, limit: int = 100) -> list[DeadJob]:
    """Dead jobs, the latest queued first; `before` is the id to go on from."""
    rows = await tx.fetch(
        f"SELECT {_DEAD_COLUMNS} FROM dead_jobs WHERE ($1::text IS NULL OR kind = $1) "
        "AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        kind,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), DeadJob) for row in rows]


async def count_dead(tx: Tx) -> dict[str, int]:
    """Kind -> number of dead jobs."""
    rows = await tx.fetch("SELECT kind, count(*) AS dead FROM dead_jobs GROUP BY kind ORDER BY kind")
    return {row["kind"]: row["dead"] for row in rows}


async def count_due(tx: Tx) -> list[LaneLoad]:
    """For every lane, the jobs that should be running and are not: a backlog, or no worker."""
    rows = await tx.fetch(
        "SELECT lane, count(*) AS due, extract(epoch FROM now() - min(run_at))::float8 AS oldest FROM jobs "
        "WHERE run_at <= now() AND run_at < 'infinity' GROUP BY lane"
    )
    seen = {row["lane"]: row for row in rows}
    return [
        LaneLoad(lane=lane, due=seen[lane]["due"], oldest_seconds=seen[lane]["oldest"])
        if lane in seen
        else LaneLoad(lane=lane, due=0, oldest_seconds=0.0)
        for lane in LANES
    ]
