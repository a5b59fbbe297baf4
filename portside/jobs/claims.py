"""The queue's SQL: claiming, parking, renewing and settling jobs.

A claim pushes `run_at` forward by the lease and is committed before the job runs; a worker that dies leaves the job
due again when the lease ends. Time is the database's throughout.

Order per key. Of the jobs of one key exactly one has the *turn*: the leased one, else the oldest. A unique index on
the keys of leased jobs refuses a second runner even where two snapshots disagree on the turn.

A due job without the turn is *parked*: run_at = infinity, which takes it out of the index of due jobs. So a million
jobs behind one dead receiver are looked at once each and then cost the claims of other jobs nothing. Whatever ends a
lease of a key un-parks the job whose turn is next, in the same transaction. No job is left parked for ever: parking
locks the job ahead FOR SHARE, so it either sees that one already settled, and parks nothing, or makes its settling
wait and then see the parked job.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from portside.db.tx import Tx
from portside.jobs.models import Lane, Lease, Outcome

# One claim takes at most this many jobs; whoever can run more claims again.
CLAIM_AT_ONCE = 32
# Parking takes this many jobs per statement: some 30 ms.
PARK_AT_ONCE = 2000

# The order of the index jobs_turn.
_TURN = "(SELECT id FROM jobs WHERE jobs.key = asked.key ORDER BY leased_by IS NULL, id LIMIT 1)"

# The planner must walk jobs_due in order. A queue's statistics are always stale, and an equality on the lane would be
# taken for so selective that sorting the whole backlog looks cheap (5 ms per claim at 20,000 jobs instead of 0.4);
# hence row comparisons, and a small literal LIMIT.
_DUE = f"""due AS MATERIALIZED (
    SELECT id, key, kind FROM jobs
    WHERE (lane, run_at) >= ($1, '-infinity') AND (lane, run_at) <= ($1, coalesce($2, now())) AND run_at < 'infinity'
    ORDER BY lane, run_at, id LIMIT {{window}}
), turns AS MATERIALIZED (
    SELECT key, {_TURN} AS id FROM (SELECT DISTINCT key FROM due WHERE key IS NOT NULL) AS asked
)"""

# The inner condition on run_at is asked again of a row that another worker has just changed. A row still carrying
# leased_by comes from a lease that ran out, which counts as a failure: a job that kills its workers ends as dead.
_CLAIM = """WITH {due}, free AS (
    SELECT jobs.id, jobs.run_at AS due_at
    FROM due JOIN jobs ON jobs.id = due.id LEFT JOIN turns ON turns.key = due.key
    WHERE (due.key IS NULL OR due.id = turns.id) AND jobs.run_at <= coalesce($2, now())
        AND ($6::text IS NULL OR due.kind = $6)
    ORDER BY jobs.run_at, jobs.id LIMIT $5 FOR UPDATE OF jobs SKIP LOCKED
), taken AS (
    UPDATE jobs SET run_at = now() + make_interval(secs => $4), leased_by = $3, attempts = attempts + 1,
        failures = failures + (leased_by IS NOT NULL)::int
    FROM free WHERE jobs.id = free.id
    RETURNING jobs.id, jobs.kind, jobs.key, jobs.payload, jobs.attempts, jobs.failures, free.due_at
)
SELECT seen.due, seen.blocked, taken.* FROM (
    SELECT count(*) AS due, count(*) FILTER (WHERE due.id <> turns.id) AS blocked
    FROM due LEFT JOIN turns ON turns.key = due.key
) AS seen LEFT JOIN taken ON true ORDER BY taken.due_at, taken.id"""

_PARK = f"""WITH {_DUE.format(window=PARK_AT_ONCE)}, ahead AS MATERIALIZED (
    SELECT jobs.id, jobs.key, jobs.leased_by IS NOT NULL AS leased FROM turns JOIN jobs ON jobs.id = turns.id
    FOR SHARE OF jobs SKIP LOCKED
), behind AS (
    SELECT jobs.id FROM due JOIN jobs ON jobs.id = due.id JOIN ahead ON ahead.key = due.key
    WHERE jobs.leased_by IS NULL AND jobs.run_at <= coalesce($2, now())
        AND jobs.id <> ahead.id AND (jobs.id > ahead.id OR ahead.leased)
    FOR UPDATE OF jobs SKIP LOCKED
), parked AS (
    UPDATE jobs SET run_at = 'infinity' FROM behind WHERE jobs.id = behind.id RETURNING 1
)
SELECT count(*) FROM parked"""

_RENEW = """UPDATE jobs SET run_at = now() + make_interval(secs => $3)
FROM unnest($1::bigint[], $2::int[]) AS mine (id, attempts)
WHERE jobs.id = mine.id AND jobs.attempts = mine.attempts AND jobs.leased_by IS NOT NULL
RETURNING jobs.id, jobs.attempts"""

_DONE = """DELETE FROM jobs USING unnest($1::bigint[], $2::int[]) AS mine (id, attempts)
WHERE jobs.id = mine.id AND jobs.attempts = mine.attempts"""

# A job that `drain` ran before its time waits from that time on, so that a poll ends when its clock has come round.
_AGAIN = """UPDATE jobs SET leased_by = NULL,
    run_at = greatest(now(), mine.due_at) + make_interval(secs => mine.delay),
    failures = failures + mine.failed::int, last_error = coalesce(mine.error, last_error)
FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::float8[], $5::boolean[], $6::text[])
    AS mine (id, attempts, due_at, delay, failed, error)
WHERE jobs.id = mine.id AND jobs.attempts = mine.attempts AND jobs.leased_by IS NOT NULL"""

_DEAD = """WITH gone AS (
    DELETE FROM jobs USING unnest($1::bigint[], $2::int[], $3::boolean[], $4::text[])
        AS mine (id, attempts, failed, error)
    WHERE jobs.id = mine.id AND jobs.attempts = mine.attempts
    RETURNING jobs.*, mine.failed, mine.error
)
INSERT INTO dead_jobs (id, lane, kind, key, payload, attempts, failures, last_error, created_at, died_at)
SELECT id, lane, kind, key, payload, attempts, failures + failed::int, error, created_at, now() FROM gone"""

_UNPARK = f"""UPDATE jobs SET run_at = now() FROM (
    SELECT {_TURN} AS id FROM unnest($1::text[]) AS asked (key)
) AS next WHERE jobs.id = next.id AND jobs.run_at = 'infinity' RETURNING jobs.lane"""

# One step of the index per key, however many jobs a key has.
_MEND = """WITH RECURSIVE turns AS (
    (SELECT key, id FROM jobs WHERE key IS NOT NULL ORDER BY key, leased_by IS NULL, id LIMIT 1)
    UNION ALL
    SELECT following.* FROM turns CROSS JOIN LATERAL (
        SELECT key, id FROM jobs WHERE key > turns.key ORDER BY key, leased_by IS NULL, id LIMIT 1
    ) AS following
)
UPDATE jobs SET run_at = now() FROM turns WHERE jobs.id = turns.id AND jobs.run_at = 'infinity' RETURNING jobs.lane"""


class Claim(NamedTuple):
    """The jobs taken; `more`: others may be due; `blocked`: due jobs seen that wait behind one of their key."""

    leases: list[Lease]
    more: bool
    blocked: int


async def claim(
    tx: Tx,
    lane: Lane,
    owner: str,
    lease_seconds: float,
    limit: int,
    *,
    moment: dt.datetime | None = None,
    kind: str | None = None,
) -> Claim:
    """Take up to `limit`, but at most 32, jobs that are due (at `moment`, if given; only of `kind`, if given)."""
    limit = min(limit, CLAIM_AT_ONCE)
    window = max(16, 1 << (2 * limit - 1).bit_length())
    rows = await tx.fetch(_claim_sql(window), lane, moment, owner, lease_seconds, limit, kind)
    leases = [
        Lease(
            id=row["id"],
            lane=lane,
            kind=row["kind"],
            key=row["key"],
            payload=row["payload"],
            attempts=row["attempts"],
            failures=row["failures"],
            due_at=row["due_at"],
        )
        for row in rows
        if row["id"] is not None
    ]
    due, blocked = rows[0]["due"], rows[0]["blocked"]
    return Claim(leases, len(leases) == limit or due == window, blocked)


@cache
def _claim_sql(window: int) -> str:
    return _CLAIM.format(due=_DUE.format(window=window))


async def park(tx: Tx, lane: Lane, *, moment: dt.datetime | None = None) -> int:
    """Park the due jobs of a lane that wait behind one of their key; gives how many. Needs a transaction."""
    await tx.execute("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off")
    parked: int = await tx.fetchval(_PARK, lane, moment)
    return parked


async def renew(tx: Tx, fences: Sequence[tuple[int, int]], lease_seconds: float) -> set[tuple[int, int]]:
    """Push the ends of these leases, (job id, attempts), forward; gives those that are still ours."""
    ids, attempts = zip(*fences, strict=True)
    rows = await tx.fetch(_RENEW, ids, attempts, lease_seconds)
    return {(row["id"], row["attempts"]) for row in rows}


async def settle(tx: Tx, outcomes: Sequence[Outcome]) -> set[str]:
    """Write what became of leased jobs, each under its fence; gives the lanes in which a parked job became due.

    More than one plain "done" without a key needs a transaction.
    """
    done = [o.lease for o in outcomes if o.verdict == "done"]
    again = [o for o in outcomes if o.verdict == "again"]
    dead = [o for o in outcomes if o.verdict == "dead"]
    if done:
        await tx.execute(_DONE, [lease.id for lease in done], [lease.attempts for lease in done])
    if again:
        rows = [(o.lease.id, o.lease.attempts, o.lease.due_at, o.delay, o.failed, o.error) for o in again]
        await tx.execute(_AGAIN, *zip(*rows, strict=True))
    if dead:
        fallen = [(o.lease.id, o.lease.attempts, o.failed, o.error or "") for o in dead]
        await tx.execute(_DEAD, *zip(*fallen, strict=True))
    keys = {o.lease.key for o in outcomes if o.lease.key is not None}
    if not keys:
        return set()
    # A statement of its own: its snapshot must see what was parked while the ones above waited for their locks.
    return {row["lane"] for row in await tx.fetch(_UNPARK, list(keys))}


async def mend(tx: Tx) -> set[str]:
    """Un-park every parked job whose turn it is: only a row deleted by hand leaves one behind."""
    return {row["lane"] for row in await tx.fetch(_MEND)}
