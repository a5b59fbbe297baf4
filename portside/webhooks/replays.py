"""What is sent because somebody asked: deliveries again, what an endpoint has missed, and samples that test it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Tx
from portside.errors import Conflict, NotFound
from portside.jobs.models import Job
from portside.jobs.once import enqueue_once
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, first_id, new_id
from portside.kit.scope import Scope
from portside.webhooks import queries
from portside.webhooks.actions import AT_ONCE, turn_job, update_webhook
from portside.webhooks.fanout import DELIVERY
from portside.webhooks.models import DeliveryRef, Replay, Replayed, Source, Trial, Webhook, WebhookDraft
from portside.webhooks.rules import events_of, may_hear_of, missed_since

# An event's id and its time are taken a moment apart, so who looks for a time along the ids begins a bit before it.
SLACK = dt.timedelta(minutes=1)

# By the database's clock, as turns judge what is due.
_AGAIN = "state = 'pending', due_at = now(), queued_at = now(), finished_at = NULL"

_RESEND = f"""UPDATE webhook_deliveries SET {_AGAIN}, keeps_order = false
WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND event_id = $4 RETURNING event_id"""

_RESEND_MANY = f"""UPDATE webhook_deliveries AS delivery SET {_AGAIN}, keeps_order = false
FROM unnest($3::uuid[], $4::uuid[]) AS given (webhook_id, event_id)
JOIN webhooks ON webhooks.account_id = $1 AND webhooks.mode = $2 AND webhooks.id = given.webhook_id AND active
WHERE delivery.account_id = $1 AND delivery.mode = $2 AND delivery.webhook_id = given.webhook_id
    AND delivery.event_id = given.event_id
RETURNING delivery.webhook_id"""

# An index gives their order, of all or of what failed, so a look is bounded however little of it is wanted; and what is
# sent again leaves them, so the next look begins after the last one.
_RESEND_SOME = f"""WITH looked AS MATERIALIZED (
    SELECT event_id, event_created_at, event_name, state FROM webhook_deliveries
    WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 {{index}}
        AND event_id > $4::uuid AND event_id < $5::uuid ORDER BY event_id LIMIT $6
), chosen AS MATERIALIZED (
    SELECT event_id, event_created_at FROM looked
    WHERE state = ANY($7::text[]) AND ($8::text IS NULL OR event_name = $8) AND event_created_at BETWEEN $9 AND $10
), queued AS (
    UPDATE webhook_deliveries AS delivery SET {_AGAIN}, keeps_order = true
    FROM chosen WHERE delivery.account_id = $1 AND delivery.mode = $2 AND delivery.webhook_id = $3
        AND delivery.event_id = chosen.event_id AND delivery.event_created_at = chosen.event_created_at
)
SELECT event_id FROM looked ORDER BY event_id DESC LIMIT 1"""

_RECOVER = f"""WITH missed AS MATERIALIZED (
    SELECT id, name, object_id, seq, created_at FROM events
    WHERE account_id = coalesce($7::uuid, $1) AND mode = $2 AND id > $4::uuid AND name = ANY($5::text[])
        AND created_at >= $8
    ORDER BY id LIMIT $6
), queued AS (
    INSERT INTO webhook_deliveries AS delivery ({DELIVERY})
    SELECT $1, $2, $3::uuid, id, name, object_id, seq, 'pending', now(), true, now(), now(), created_at, $7::uuid
    FROM missed
    ON CONFLICT (account_id, mode, webhook_id, event_id, event_created_at) DO UPDATE
    SET {_AGAIN}, keeps_order = true
    WHERE delivery.state IN ('failed', 'pending')
)
SELECT id FROM missed ORDER BY id DESC LIMIT 1"""

_TRIAL = """INSERT INTO webhook_attempts (account_id, mode, webhook_id, id, event_id, number, status, error,
    request_headers, response_headers, response_body, duration_ms, created_at, test_kind, test_body)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14)"""


async def resend_delivery(tx: Tx, scope: Scope, webhook_id: Id, event_id: Id) -> None:
    """Send one delivery again, whatever became of it. Raises NotFound, Conflict when the webhook is not active."""
    await _end_pause(tx, scope, webhook_id)
    done = await tx.fetchval(_RESEND, scope.account_id, scope.mode, webhook_id, event_id)
    if done is None:
        raise NotFound
    await enqueue_once(tx, turn_job(scope, webhook_id))


async def resend_deliveries(tx: Tx, scope: Scope, deliveries: Sequence[DeliveryRef]) -> int:
    """Send some deliveries again, whatever became of them; gives of how many this is true.

    Those that are not there, or whose webhook is not active, are passed over.
    """
    webhooks, events = [ref.webhook_id for ref in deliveries], [ref.event_id for ref in deliveries]
    rows = await tx.fetch(_RESEND_MANY, scope.account_id, scope.mode, webhooks, events)
    for webhook_id in sorted({row["webhook_id"] for row in rows}):
        await _end_pause(tx, scope, webhook_id)
        await enqueue_once(tx, turn_job(scope, webhook_id))
    return len(rows)


async def queue_replay(tx: Tx, scope: Scope, webhook_id: Id, wanted: Replay) -> Replayed:
    """Have deliveries sent again, by a job: none of before the webhook was made, none of after now.

    Gives what is used. Raises NotFound, Conflict when the webhook is not active.
    """
    webhook, moment = await _end_pause(tx, scope, webhook_id), now()
    since = max(wanted.since or webhook.created_at, webhook.created_at)
    until = min(wanted.until or moment, moment)
    used = Replayed(since=since, until=until, event=wanted.event, state=wanted.state)
    payload = {"account": scope.account_id, "mode": scope.mode, "webhook": webhook_id}
    await enqueue(tx, Job(kind="webhooks.resend", payload=payload | {"range": msgspec.to_builtins(used)}))
    return used


async def resend_some(tx: Tx, scope: Scope, webhook_id: Id, wanted: Replayed, after: Id) -> Id | None:
    """Queue some of what is wanted, of events after an id, anew; gives the last event looked at."""
    sql = _RESEND_SOME.format(index="AND state = 'failed'" if wanted.state == "failed" else "")
    states = ["failed", "delivered"] if wanted.state == "all" else [wanted.state]
    owner, before = (scope.account_id, scope.mode, webhook_id), first_id(wanted.until + SLACK)
    filters = (states, wanted.event, wanted.since, wanted.until)
    last: Id | None = await tx.fetchval(sql, *owner, after, before, AT_ONCE, *filters)
    await enqueue_once(tx, turn_job(scope, webhook_id))
    return last


async def queue_recovery(tx: Tx, scope: Scope, webhook_id: Id, since: dt.datetime) -> dt.datetime:
    """Have everything that a webhook missed since then delivered, by a job; never what happened before it was made.

    Gives the time that is used. Raises NotFound, Conflict when the webhook is not active.
    """
    webhook = await _end_pause(tx, scope, webhook_id)
    since = max(since, webhook.created_at)
    payload = {"account": scope.account_id, "mode": scope.mode, "webhook": webhook_id, "since": since.isoformat()}
    await enqueue(tx, Job(kind="webhooks.recover", payload=payload))
    return since


async def recover_some(
    tx: Tx, scope: Scope, webhook_id: Id, source: Source, since: dt.datetime, after: Id
) -> Id | None:
    """Queue deliveries of the next events of a source since a time, and after an id, which the webhook has not got;
    gives the last event looked at."""
    webhook = await queries.get_webhook(tx, scope, webhook_id)
    owner = (scope.account_id, scope.mode, webhook_id)
    wanted = [event for event in events_of(webhook.event) if may_hear_of(event, source.scopes)]
    last: Id | None = await tx.fetchval(_RECOVER, *owner, after, wanted, AT_ONCE, source.account_id, since)
    await enqueue_once(tx, turn_job(scope, webhook_id))
    return last


async def end_trouble(tx: Tx, scope: Scope, webhook_id: Id, disable_hours: float) -> dt.datetime:
    """Switch an endpoint on, if it is off, and have everything delivered that it missed in its trouble.

    Gives since when. Raises NotFound.
    """
    webhook = await queries.get_webhook(tx, scope, webhook_id)
    since = missed_since(webhook, now(), disable_hours)
    if not webhook.active:
        draft = WebhookDraft(event=webhook.event, url=webhook.url, active=True)
        await update_webhook(tx, scope, webhook_id, draft)
    return await queue_recovery(tx, scope, webhook_id, since)


async def record_trial(tx: Tx, scope: Scope, trial: Trial) -> None:
    """Keep what a test of an endpoint came to. Its health and its deliveries are as they were."""
    sent = trial.sent
    await tx.execute(
        _TRIAL,
        scope.account_id,
        scope.mode,
        trial.webhook_id,
        new_id(),
        trial.id,
        sent.status,
        sent.error,
        sent.request_headers,
        sent.response_headers,
        sent.response_body,
        sent.duration_ms,
        trial.created_at,
        trial.kind,
        trial.body,
    )


async def _end_pause(tx: Tx, scope: Scope, webhook_id: Id) -> Webhook:
    """What a person asks for is tried at once. Raises NotFound, Conflict."""
    webhook = await queries.get_webhook(tx, scope, webhook_id)
    if not webhook.active:
        raise Conflict("The webhook is not active; switch it on first.", code="webhook_not_active")
    await tx.execute(
        "UPDATE webhooks SET paused_until = NULL WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        webhook_id,
    )
    return webhook
