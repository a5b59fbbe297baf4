"""What an operator does with dead jobs."""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.commits import after_commit
from portside.db.tx import Tx
from portside.jobs import wake

# The id is kept, so that a job runs before the later ones of its key; `attempts` too, because it is the fence.
_RERUN = """WITH revived AS (DELETE FROM dead_jobs WHERE id = ANY($1::bigint[]) RETURNING *)
INSERT INTO jobs (id, lane, kind, key, payload, attempts, last_error, run_at, created_at)
OVERRIDING SYSTEM VALUE
SELECT id, lane, kind, key, payload, attempts, last_error, now(), created_at FROM revived
RETURNING lane"""


# unscoped: the queue serves the whole installation, and only its operator acts on it.
async def rerun_dead(tx: Tx, job_ids: Sequence[int]) -> int:
    """Queue dead jobs again, due now and with all their attempts; gives how many there were."""
    rows = await tx.fetch(_RERUN, list(job_ids))
    for lane in {row["lane"] for row in rows}:
        after_commit(wake.noter(lane))
    return len(rows)


async def discard_dead(tx: Tx, job_ids: Sequence[int]) -> int:
    """Forget dead jobs; gives how many there were."""
    rows = await tx.fetch("DELETE FROM dead_jobs WHERE id = ANY($1::bigint[]) RETURNING id", list(job_ids))
    return len(rows)
