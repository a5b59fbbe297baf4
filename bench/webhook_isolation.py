"""What one dead receiver costs the healthy ones: their p99 latency with it against without it, in the same run.

Two installations, turn and turn about: in both an account has ten healthy endpoints and pushes orders at a steady pace
through one worker; in one it also has an endpoint that accepts connections and never answers, with a million
deliveries due. Those are written straight into the tables, as the fan-out of a million events of as many orders would
have left them (with short payloads). Before every round the dead endpoint is taken for healthy again, so that each
covers the way from the first unanswered requests to the pauses; it hears of the new orders, too. The latency is from
the commit of an order, by PostgreSQL's own record, to the arrival of its webhook; the ratio is of the medians of the
rounds' p99.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

import asyncpg

from bench.support import Server, median, report, serving, working
from bench.support_webhooks import COMMIT_TIMES, Receiver, delays, order, receiving, settle, subscribe
from tests.support.sink import Manner

HEALTHY = 10
BACKLOG = 1_000_000
ROUNDS = 6
SECONDS = 8.0
WARM_UP = 1.0
# A pace that two busy cores keep up with: what is measured is a wait for others, not for the machine.
PER_SECOND = 15
NEVER = Manner(delay=None)

# One statement for both tables, so that no delivery lacks its event.
_BACKLOG = """WITH made AS (
    INSERT INTO events (id, account_id, mode, name, object_id, seq, actor, payload, created_at)
    SELECT {fresh}, w.account_id, w.mode, 'order_created', gen_random_uuid(), 1, 'system:bench',
        '{{"event":"order_created","test":true,"data":{{"order_number":"' || number || '"}}}}', now()
    FROM webhooks AS w, generate_series(1, $2::int) AS number WHERE w.id = $1
    RETURNING *
)
INSERT INTO webhook_deliveries (account_id, mode, webhook_id, event_id, event_name, object_id, seq,
    state, due_at, keeps_order, queued_at, created_at, event_created_at)
SELECT account_id, mode, $1, id, name, object_id, seq, 'pending', created_at + position * interval '1 microsecond',
    true, created_at, created_at, created_at FROM made"""

_AS_NEW = """UPDATE webhooks SET active = true, failing_since = NULL, last_failure_at = NULL, paused_until = NULL,
    slow_until = NULL WHERE id = $1"""


def main() -> None:
    with (
        receiving([Manner()] * HEALTHY + [NEVER]) as receiver,
        serving("--no-worker", postgres=COMMIT_TIMES) as alone,
        serving("--no-worker", postgres=COMMIT_TIMES) as beside,
    ):
        *healthy, dead = receiver.urls
        for server in (alone, beside):
            for url in healthy:
                subscribe(server, url)
        dead_id = subscribe(beside, dead)
        started = time.perf_counter()
        asyncio.run(queue_backlog(beside, dead_id))
        print(f"{BACKLOG:,} deliveries queued in {time.perf_counter() - started:.0f} s", flush=True)
        for server in (alone, beside):
            asyncio.run(settle(server))
        print(f"settled after {time.perf_counter() - started:.0f} s", flush=True)
        without: list[list[float]] = []
        with_it: list[list[float]] = []
        for number in range(ROUNDS):
            # Neither is always the first: a machine that gets slower or faster favours nobody.
            for server in (alone, beside) if number % 2 else (beside, alone):
                if server is beside:
                    asyncio.run(forgive(beside, dead_id))
                (with_it if server is beside else without).append(measure(server, receiver))
            print(f"round {number + 1} of {ROUNDS}: {summary(without[-1])} / {summary(with_it[-1])}", flush=True)
        left = asyncio.run(pending(beside, dead_id))
        assert left >= BACKLOG, "the dead endpoint was to keep its backlog"
    report(
        "webhook_isolation",
        "the same load without a dead receiver",
        median([p99(round_) for round_ in with_it]) / median([p99(round_) for round_ in without]),
        p99_ms_with=median([p99(round_) for round_ in with_it]),
        p99_ms_without=median([p99(round_) for round_ in without]),
        p50_ms_with=median([median(round_) for round_ in with_it]),
        p50_ms_without=median([median(round_) for round_ in without]),
        backlog=left,
    )


async def queue_backlog(server: Server, webhook_id: str) -> None:
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    fresh = "uuidv7()" if connection.get_server_version().major >= 18 else "gen_random_uuid()"
    await connection.execute(_BACKLOG.format(fresh=fresh), webhook_id, BACKLOG)
    await connection.close()


async def forgive(server: Server, webhook_id: str) -> None:
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    await connection.execute(_AS_NEW, webhook_id)
    await connection.close()


async def pending(server: Server, webhook_id: str) -> int:
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    count: int = await connection.fetchval(
        "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'pending'", webhook_id
    )
    await connection.close()
    return count


def measure(server: Server, receiver: Receiver) -> list[float]:
    """Milliseconds from commit to arrival, of every delivery to a healthy endpoint, under a steady load."""
    with working(server):
        # A worker's first second is spent on connections and plans.
        push(server, receiver, WARM_UP)
        receiver.take()
        push(server, receiver, SECONDS)
    return delays(server, receiver.take())


def push(server: Server, receiver: Receiver, seconds: float) -> None:
    """Orders at a steady pace, and wait until the healthy endpoints have got them."""
    wanted, started = round(seconds * PER_SECOND), time.monotonic()
    for number in range(wanted):
        order(server)
        time.sleep(max(0.0, started + (number + 1) / PER_SECOND - time.monotonic()))
    receiver.await_count(wanted * HEALTHY, 60)


def p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def summary(values: Sequence[float]) -> str:
    return f"p50 {statistics.median(values):.1f} ms, p99 {p99(values):.1f} ms"


if __name__ == "__main__":
    main()
