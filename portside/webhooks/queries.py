"""Reads of subscriptions, of what is due for an endpoint, and of the delivery log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.apps.identity import AppMark
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.crypto import KeyRing, place
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import SYSTEM, Scope
from portside.webhooks.models import (
    Attempt,
    Delivery,
    Due,
    Health,
    Latest,
    Result,
    Secret,
    Sent,
    Trial,
    Turn,
    Webhook,
)
from portside.webhooks.reach import MAY_ACT, MAY_HEAR, OWN, SEEN, seen_by
from portside.webhooks.rules import is_keeper


class Size(msgspec.Struct, frozen=True):
    """How much a round reads: so many objects, and so many deliveries of each."""

    objects: int
    chain: int

    def is_full(self, chains: Sequence[Sequence[Due]]) -> bool:
        """Whether there may be more than was read."""
        return len(chains) == self.objects or any(len(chain) == self.chain for chain in chains)


ROUND = Size(64, 16)
# A failing endpoint is asked with one.
PROBE = Size(1, 1)

_WEBHOOK = (
    "SELECT id, app_id, reach, event, url, active, disabled_at, disabled_reason, failing_since, last_failure_at, "
    "paused_until, slow_until, created_at, updated_at, failing_told_at, now() AS moment, "
    "(SELECT jsonb_build_object('client_id', client_id, 'name', name) FROM apps WHERE id = app_id) AS app "
    f"FROM webhooks WHERE account_id = $1 AND mode = $2 AND {SEEN}"
)

# Due deliveries whose object has an earlier one that keeps its place and is not due yet are passed over; the look is
# bounded, so that a long row of them costs a turn little. Each object's chain is read in its order.
# A burst makes the planner's statistics wrong for a minute, so nothing is left to them: every look at a table is for
# one row, or in the order that one index gives, and sorting is not allowed. Older partitions are left out at run time
# by the times that the rows carry.
_DUE = f"""WITH candidates AS MATERIALIZED (
    SELECT due.object_id FROM (
        SELECT object_id, seq FROM webhook_deliveries
        WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND state = 'pending' AND due_at <= $4
        ORDER BY due_at LIMIT $5 * 8
    ) AS due
    WHERE (
        SELECT true FROM webhook_deliveries AS ahead
        WHERE ahead.account_id = $1 AND ahead.mode = $2 AND ahead.webhook_id = $3
            AND ahead.object_id = due.object_id AND ahead.seq < due.seq
            AND ahead.state = 'pending' AND ahead.keeps_order AND ahead.due_at > $4
        ORDER BY ahead.seq LIMIT 1
    ) IS NULL
    LIMIT $5
)
SELECT chain.*, made.tries, made.attempts, (
    SELECT payload FROM events WHERE events.account_id = coalesce(chain.event_account_id, $1) AND events.mode = $2
        AND events.id = chain.event_id AND events.created_at = chain.event_created_at
        AND {MAY_ACT.format(webhook="$3")} AND (chain.event_account_id IS NULL
            OR {MAY_HEAR.format(account="chain.event_account_id", moment="chain.event_created_at", webhook="$3")})
) AS payload
FROM (SELECT DISTINCT object_id FROM candidates) AS objects
CROSS JOIN LATERAL (
    SELECT event_id, object_id, seq, due_at, keeps_order, event_created_at, created_at, queued_at, event_account_id
    FROM webhook_deliveries
    WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND object_id = objects.object_id
        AND state = 'pending' AND (due_at <= $4 OR keeps_order)
    ORDER BY seq LIMIT $6
) AS chain
CROSS JOIN LATERAL (
    SELECT coalesce(max(number), 0) AS attempts, count(*) FILTER (WHERE created_at >= chain.queued_at) AS tries
    FROM webhook_attempts
    WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND event_id = chain.event_id
        AND created_at >= chain.created_at
) AS made"""

# To plan anew for all partitions costs more than most of these looks; and a plan that is kept, perhaps since a table
# was empty, must be the one along the indexes.
KEPT_PLANS = (
    "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; "
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)

_DELIVERY = (
    "SELECT * FROM (SELECT account_id, mode, webhook_id, event_id AS id, event_name, object_id, seq, state, due_at, "
    "created_at, finished_at, event_created_at, event_account_id FROM webhook_deliveries) AS delivery "
    "WHERE account_id = $1 AND mode = $2 AND webhook_id = $3"
)


# Newest first means along each webhook's own index; only then are the attempts looked up, for the few that are shown.
_LATEST = """SELECT delivery.*, last.status, last.error, coalesce(last.number, 0) AS attempts,
    last.created_at AS attempted_at
FROM (
    SELECT webhook.url, log.* FROM webhooks AS webhook CROSS JOIN LATERAL (
        SELECT webhook_id, event_id, event_name, state, due_at, created_at FROM webhook_deliveries
        WHERE account_id = $1 AND mode = $2 AND webhook_id = webhook.id ORDER BY event_id DESC LIMIT $3
    ) AS log
    WHERE webhook.account_id = $1 AND webhook.mode = $2 ORDER BY log.event_id DESC, webhook.id LIMIT $4
) AS delivery
LEFT JOIN LATERAL (
    SELECT status, error, number, created_at FROM webhook_attempts
    WHERE account_id = $1 AND mode = $2 AND webhook_id = delivery.webhook_id AND event_id = delivery.event_id
    ORDER BY number DESC LIMIT 1
) AS last ON true
ORDER BY delivery.event_id DESC, delivery.webhook_id"""


async def get_webhook(tx: Tx, scope: Scope, webhook_id: Id) -> Webhook:
    """A subscription that the caller may see. Raises NotFound."""
    row = await tx.fetchrow(f"{_WEBHOOK} AND id = $4", *seen_by(scope), webhook_id)
    if row is None:
        raise NotFound
    return _webhook(row)


async def get_kept_webhook(tx: Tx, scope: Scope, webhook_id: Id) -> Webhook:
    """A subscription whose secret the caller may know, and which it may change. Raises NotFound."""
    webhook = await get_webhook(tx, scope, webhook_id)
    if not is_keeper(webhook, scope.actor):
        raise NotFound
    return webhook


async def list_webhooks(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Webhook]:
    """Those that the caller may see, newest first."""
    return (await fetch_page(tx, _WEBHOOK, seen_by(scope), page)).map(_webhook)


async def count_webhooks(tx: Tx, scope: Scope) -> int:
    """How many subscriptions of this account, in this mode, the caller may see."""
    count: int = await tx.fetchval(
        f"SELECT count(*) FROM webhooks WHERE account_id = $1 AND mode = $2 AND {SEEN}", *seen_by(scope)
    )
    return count


async def count_troubled(tx: Tx, scope: Scope) -> int:
    """How many subscriptions their owner has to look after (see rules.trouble)."""
    count: int = await tx.fetchval(
        f"SELECT count(*) FROM webhooks WHERE account_id = $1 AND mode = $2 AND {OWN} "
        "AND (disabled_at IS NOT NULL OR (active AND failing_since IS NOT NULL))",
        scope.account_id,
        scope.mode,
    )
    return count


async def list_secrets(tx: Tx, scope: Scope, keys: KeyRing, webhook_id: Id) -> list[Secret]:
    """The secrets that sign for a webhook now, opened, the current one first."""
    rows = await tx.fetch(
        "SELECT id, sealed, created_at, expires_at FROM webhook_secrets WHERE account_id = $1 AND mode = $2 "
        "AND webhook_id = $3 AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC",
        scope.account_id,
        scope.mode,
        webhook_id,
    )
    return [
        Secret(
            text=keys.open(row["sealed"], secret_place(row["id"])).decode(),
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
    ]


def secret_place(secret_id: Id) -> str:
    """What binds a sealed secret to its row."""
    return place("webhook_secrets", "sealed", secret_id)


async def find_turn(tx: Tx, scope: Scope, keys: KeyRing, webhook_id: Id) -> Turn | None:
    """The endpoint and its secrets; None when it is gone."""
    row = await tx.fetchrow(f"{_WEBHOOK} AND id = $4", *seen_by(scope), webhook_id)
    if row is None:
        return None
    secrets = await list_secrets(tx, scope, keys, webhook_id)
    return Turn(webhook=_webhook(row), secrets=secrets, moment=row["moment"])


async def list_due(tx: Tx, scope: Scope, webhook_id: Id, moment: dt.datetime, size: Size = ROUND) -> list[list[Due]]:
    """What may be sent to an endpoint, one list per object in its order; the object that has waited longest first.

    A chain may end in one that is not due and keeps its place. Needs a transaction.
    """
    await tx.execute(KEPT_PLANS)
    rows = await tx.fetch(_DUE, scope.account_id, scope.mode, webhook_id, moment, size.objects, size.chain)
    chains: dict[str, list[Due]] = {}
    for row in rows:
        chains.setdefault(row["object_id"], []).append(
            Due(
                event_id=row["event_id"],
                object_id=row["object_id"],
                seq=row["seq"],
                due_at=row["due_at"],
                keeps_order=row["keeps_order"],
                event_created_at=row["event_created_at"],
                payload=row["payload"],
                tries=row["tries"],
                attempts=row["attempts"],
                event_account_id=row["event_account_id"],
            )
        )
    return sorted(chains.values(), key=lambda chain: min(due.due_at for due in chain))


async def list_deliveries(tx: Tx, scope: Scope, webhook_id: Id, page: PageRequest) -> Slice[Delivery]:
    """The delivery log of a webhook, newest event first."""
    return (await fetch_page(tx, _DELIVERY, (scope.account_id, scope.mode, webhook_id), page)).map(_delivery)


async def list_latest(tx: Tx, scope: Scope, each: int, most: int) -> list[Latest]:
    """The newest deliveries, at most `each` per webhook and `most` in all, newest event first."""
    rows = await tx.fetch(_LATEST, scope.account_id, scope.mode, each, most)
    return [Latest(**dict(row)) for row in rows]


async def get_delivery(tx: Tx, scope: Scope, webhook_id: Id, event_id: Id) -> Delivery:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_DELIVERY} AND id = $4", scope.account_id, scope.mode, webhook_id, event_id)
    if row is None:
        raise NotFound
    return _delivery(row)


async def list_attempts(tx: Tx, scope: Scope, webhook_id: Id, event_id: Id) -> list[Attempt]:
    """The attempts at one delivery, the latest first, at most 100."""
    rows = await tx.fetch(
        "SELECT id, number, status, error, request_headers, response_headers, response_body, duration_ms, "
        "next_attempt_at, created_at FROM webhook_attempts "
        "WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND event_id = $4 ORDER BY number DESC LIMIT 100",
        scope.account_id,
        scope.mode,
        webhook_id,
        event_id,
    )
    return [msgspec.convert(dict(row), Attempt) for row in rows]


async def list_trials(tx: Tx, scope: Scope, webhook_id: Id, limit: int = 10) -> list[Trial]:
    """The last tests of an endpoint, the latest first."""
    rows = await tx.fetch(
        "SELECT event_id, status, error, request_headers, response_headers, response_body, duration_ms, created_at, "
        "test_kind, test_body FROM webhook_attempts WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 "
        "AND test_kind IS NOT NULL ORDER BY event_id DESC LIMIT $4",
        scope.account_id,
        scope.mode,
        webhook_id,
        limit,
    )
    return [_trial(row, webhook_id) for row in rows]


async def is_recorded(tx: Tx, scope: Scope, webhook_id: Id, results: Sequence[Result]) -> bool:
    """Whether a round has been written, by one of its attempts: a commit may have happened though its answer was lost.

    Without an attempt there is nothing that writing twice would double.
    """
    made = next((result for result in results if result.sent is not None), None)
    if made is None:
        return False
    found = await tx.fetchval(
        "SELECT id FROM webhook_attempts "
        "WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND event_id = $4 AND id = $5",
        scope.account_id,
        scope.mode,
        webhook_id,
        made.due.event_id,
        made.id,
    )
    return found is not None


async def list_neglected(tx: Tx, overdue: dt.timedelta) -> list[tuple[Scope, Id]]:
    """Endpoints that may be sent to and have something long due, for the net under the queue of turns.

    # unscoped: the sweep serves the whole installation.
    """
    rows = await tx.fetch(
        "SELECT account_id, mode, id FROM webhooks WHERE active "
        "AND (paused_until IS NULL OR paused_until < now() - $1::interval) AND ("
        "SELECT true FROM webhook_deliveries AS delivery WHERE delivery.account_id = webhooks.account_id "
        "AND delivery.mode = webhooks.mode AND delivery.webhook_id = webhooks.id "
        "AND delivery.state = 'pending' AND delivery.due_at < now() - $1::interval ORDER BY due_at LIMIT 1)",
        overdue,
    )
    return [(Scope(row["account_id"], row["mode"], "", SYSTEM), row["id"]) for row in rows]


def _webhook(row: Row) -> Webhook:
    return Webhook(
        id=row["id"],
        app_id=row["app_id"],
        app=msgspec.convert(row["app"], AppMark | None),
        reach=row["reach"],
        event=row["event"],
        url=row["url"],
        active=row["active"],
        health=Health(
            failing_since=row["failing_since"],
            last_failure_at=row["last_failure_at"],
            paused_until=row["paused_until"],
            slow_until=row["slow_until"],
        ),
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        failing_told_at=row["failing_told_at"],
    )


def _trial(row: Row, webhook_id: Id) -> Trial:
    shown = ("status", "error", "request_headers", "response_headers", "response_body", "duration_ms")
    return Trial(
        id=row["event_id"],
        webhook_id=webhook_id,
        event=msgspec.json.decode(row["test_body"])["event"],
        kind=row["test_kind"],
        body=row["test_body"],
        sent=Sent(is_timeout=False, retry_after=None, **{name: row[name] for name in shown}),
        created_at=row["created_at"],
    )


def _delivery(row: Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__struct_fields__})
