"""Changes to subscriptions, the turns of endpoints, and what rounds of attempts leave behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import get_args

from portside.audit.actions import note
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.errors import BadRequest, FieldErrors, NotFound
from portside.events import outbox
from portside.events.models import Event, EventName
from portside.jobs.models import Job
from portside.jobs.once import enqueue_once
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.crypto import KeyRing
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.webhooks import queries
from portside.webhooks.models import DisabledReason, Health, HealthNews, Reach, Result, Webhook, WebhookDraft
from portside.webhooks.reach import find_own_app
from portside.webhooks.rules import MOST_WEBHOOKS, may_hear_of, plain_url
from portside.webhooks.signing import new_secret
from portside.webhooks.wire import webhook_payload

# How many secrets may sign at once; each makes the headers of every delivery longer.
MOST_SECRETS = 5
# So many rows are changed in one transaction of a long work.
AT_ONCE = 5000

_HEALTHY = (
    "failing_since = NULL, last_failure_at = NULL, paused_until = NULL, slow_until = NULL, failing_told_at = NULL"
)

_CREATE = """INSERT INTO webhooks (account_id, mode, id, app_id, reach, event, url, active, created_by, created_at,
    updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"""

# A new address or a switch back on is a new start.
_UPDATE = f"""UPDATE webhooks SET event = $4, url = $5, active = $6, updated_at = $7,
    disabled_at = NULL, disabled_reason = NULL, {_HEALTHY}
WHERE account_id = $1 AND mode = $2 AND id = $3"""

_ATTEMPTS = """INSERT INTO webhook_attempts (account_id, mode, webhook_id, id, event_id, number, status, error,
    request_headers, response_headers, response_body, duration_ms, next_attempt_at, created_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::int[],
    $8::text[], $9::jsonb[], $10::jsonb[], $11::text[], $12::int[], $13::timestamptz[], $14::timestamptz[]) AS given"""

# Nothing is asked of the state, so that only the primary key can serve, whatever the planner believes.
_RESULTS = """UPDATE webhook_deliveries AS delivery SET state = result.state,
    due_at = coalesce(result.due_at, delivery.due_at), keeps_order = result.keeps_order,
    finished_at = result.finished_at
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::timestamptz[],
    $8::boolean[], $9::timestamptz[])
    AS result (account_id, mode, webhook_id, event_id, created_at, state, due_at, keeps_order, finished_at)
WHERE delivery.account_id = result.account_id AND delivery.mode = result.mode
    AND delivery.webhook_id = result.webhook_id AND delivery.event_id = result.event_id
    AND delivery.event_created_at = result.created_at"""

_HEALTH = """UPDATE webhooks SET failing_since = $4, last_failure_at = $5, paused_until = $6, slow_until = $7
WHERE account_id = $1 AND mode = $2 AND id = $3"""

_HURRY = """UPDATE webhook_deliveries SET due_at = now()
WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND state = 'pending' AND due_at > now()"""


async def create_webhook(tx: Tx, scope: Scope, keys: KeyRing, draft: WebhookDraft) -> Webhook:
    """A new subscription with its first secret.

    Raises BadRequest when the account, or the app in this account, has too many; FieldErrors when it has no such app.
    """
    app_id, reach = await _hearer(tx, scope, draft)
    if await queries.count_webhooks(tx, scope) >= MOST_WEBHOOKS:
        raise BadRequest(f"An account may have at most {MOST_WEBHOOKS} webhooks in each mode.")
    webhook_id, moment = new_id(), now()
    active = draft.active is not False
    owner = (scope.account_id, scope.mode, webhook_id)
    await tx.execute(_CREATE, *owner, app_id, reach, draft.event, draft.url, active, str(scope.actor), moment)
    await _add_secret(tx, scope, keys, webhook_id, moment)
    await note(tx, scope, "webhook.created", plain_url(draft.url), {"event": draft.event, "reach": reach})
    return await queries.get_webhook(tx, scope, webhook_id)


async def _hearer(tx: Tx, scope: Scope, draft: WebhookDraft) -> tuple[Id | None, Reach]:
    """The app that a new subscription belongs to, and whose events it hears. Raises FieldErrors."""
    if scope.actor.kind == "app":
        return Id(scope.actor.id), "account"
    if draft.client_id is None:
        return None, "managed" if draft.is_for_managed else "account"
    app_id = await find_own_app(tx, scope, draft.client_id)
    if app_id is None:
        raise FieldErrors({"app": ["Your account has no app with this client id."]})
    return app_id, "app"


async def update_webhook(tx: Tx, scope: Scope, webhook_id: Id, draft: WebhookDraft) -> Webhook:
    """Change a subscription. Switched on, or at a new address, it gets at once what waits for it. Raises NotFound."""
    before = await queries.get_kept_webhook(tx, scope, webhook_id)
    active = before.active if draft.active is None else draft.active
    owner = (scope.account_id, scope.mode, webhook_id)
    await tx.execute(_UPDATE, *owner, draft.event, draft.url, active, now())
    await note(tx, scope, "webhook.changed", plain_url(draft.url), {"event": draft.event, "active": active})
    if active and (draft.url != before.url or not before.active):
        await tx.execute(_HURRY, *owner)
        await enqueue_once(tx, turn_job(scope, webhook_id))
    return await queries.get_webhook(tx, scope, webhook_id)


async def delete_webhook(tx: Tx, scope: Scope, webhook_id: Id) -> None:
    """Remove a subscription and its secrets; what still waits for it is cancelled by a job. Raises NotFound."""
    webhook = await queries.get_webhook(tx, scope, webhook_id)
    await tx.execute(
        "DELETE FROM webhooks WHERE account_id = $1 AND mode = $2 AND id = $3", scope.account_id, scope.mode, webhook.id
    )
    await note(tx, scope, "webhook.deleted", plain_url(webhook.url), {"event": webhook.event})
    await enqueue(tx, turn_job(scope, webhook_id))


async def delete_webhooks_of_app(tx: Tx, scope: Scope, app_id: Id) -> int:
    """Remove what an app subscribed in an account that ends its connection; gives how many subscriptions these were.

    What waits at the app's own endpoint for all accounts is not sent any more either: its turn asks for the connection.
    """
    rows = await tx.fetch(
        "DELETE FROM webhooks WHERE account_id = $1 AND mode = $2 AND app_id = $3 AND reach = 'account' RETURNING id",
        scope.account_id,
        scope.mode,
        app_id,
    )
    await enqueue(tx, *[turn_job(scope, row["id"]) for row in rows])
    return len(rows)


async def cancel_ungranted(tx: Tx, scope: Scope, app_id: Id, scopes: str) -> None:
    """What waits for an app and tells of this account more than it is granted now is not sent any more."""
    names = [event for event in get_args(EventName) if not may_hear_of(event, scopes)]
    if not names:
        return
    await tx.execute(
        "UPDATE webhook_deliveries AS waiting SET state = 'cancelled', finished_at = $5 FROM webhooks AS hearer "
        "WHERE hearer.app_id = $3 AND hearer.mode = $2 AND waiting.account_id = hearer.account_id "
        "AND waiting.mode = hearer.mode AND waiting.webhook_id = hearer.id AND waiting.state = 'pending' "
        "AND waiting.event_name = ANY($4) AND coalesce(waiting.event_account_id, waiting.account_id) = $1",
        scope.account_id,
        scope.mode,
        app_id,
        names,
        now(),
    )


async def delete_endpoints_of_app(tx: Tx, scope: Scope, app_id: Id) -> None:
    """Remove, in both modes, what the app's own account subscribed for all its merchants: the app is deleted."""
    rows = await tx.fetch(
        "DELETE FROM webhooks WHERE account_id = $1 AND app_id = $2 AND reach = 'app' RETURNING id, mode",
        scope.account_id,
        app_id,
    )
    await enqueue(tx, *[turn_job(Scope(scope.account_id, row["mode"], ""), row["id"]) for row in rows])


async def cancel_deliveries(tx: Tx, scope: Scope, webhook_id: Id) -> bool:
    """Cancel some of what waits for a webhook that is gone; gives whether there may be more."""
    done = await tx.execute(
        "UPDATE webhook_deliveries SET state = 'cancelled', finished_at = $4 WHERE (event_id, event_created_at) IN ("
        "SELECT event_id, event_created_at FROM webhook_deliveries WHERE account_id = $1 AND mode = $2 "
        "AND webhook_id = $3 AND state = 'pending' LIMIT $5) "
        "AND account_id = $1 AND mode = $2 AND webhook_id = $3",
        scope.account_id,
        scope.mode,
        webhook_id,
        now(),
        AT_ONCE,
    )
    return done == f"UPDATE {AT_ONCE}"


async def rotate_secret(tx: Tx, scope: Scope, keys: KeyRing, webhook_id: Id, grace_hours: float) -> None:
    """Make a new secret the current one; the one before it signs for `grace_hours` more. Raises NotFound."""
    webhook = await queries.get_kept_webhook(tx, scope, webhook_id)
    await note(tx, scope, "webhook.secret_rotated", plain_url(webhook.url), {"grace_hours": grace_hours})
    owner = (scope.account_id, scope.mode, webhook_id)
    # The lock makes two rotations take turns, so that there is always exactly one current secret.
    locked = await tx.fetchval(
        "SELECT id FROM webhooks WHERE account_id = $1 AND mode = $2 AND id = $3 FOR UPDATE", *owner
    )
    if locked is None:
        raise NotFound
    moment = now()
    await tx.execute(
        "UPDATE webhook_secrets SET expires_at = $4 WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 "
        "AND expires_at IS NULL",
        *owner,
        moment + dt.timedelta(hours=grace_hours),
    )
    await tx.execute(
        "DELETE FROM webhook_secrets WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 AND (expires_at <= $4 "
        "OR id NOT IN (SELECT id FROM webhook_secrets WHERE account_id = $1 AND mode = $2 AND webhook_id = $3 "
        "ORDER BY id DESC LIMIT $5))",
        *owner,
        moment,
        MOST_SECRETS - 1,
    )
    await _add_secret(tx, scope, keys, webhook_id, moment)


async def _add_secret(tx: Tx, scope: Scope, keys: KeyRing, webhook_id: Id, moment: dt.datetime) -> None:
    secret_id = new_id()
    await tx.execute(
        "INSERT INTO webhook_secrets (account_id, mode, webhook_id, id, sealed, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        scope.account_id,
        scope.mode,
        webhook_id,
        secret_id,
        keys.seal(new_secret().encode(), queries.secret_place(secret_id)),
        moment,
    )


def turn_job(scope: Scope, webhook_id: Id, *, apart: bool = False, moment: dt.datetime | None = None) -> Job:
    """An endpoint's turn: its due deliveries are sent. One at a time in the whole installation, by its key.

    `apart`: in the lane of those in trouble. `moment`: what is due then counts as due.
    """
    payload: dict[str, str] = {"account": scope.account_id, "mode": scope.mode, "webhook": webhook_id}
    if moment is not None:
        payload["moment"] = moment.isoformat()
    kind = "webhooks.deliver_apart" if apart else "webhooks.deliver"
    return Job(kind=kind, payload=payload, key=f"webhooks:{webhook_id}")


def wake_jobs(scope: Scope, webhook_id: Id, times: Sequence[dt.datetime | None], health: Health) -> list[Job]:
    """Wake-ups at these times and at the end of the endpoint's pause, which covers those before it.

    They have no key: a delayed job of the endpoint's key would hold up the turns queued after it.
    """
    pause = health.paused_until
    wanted = {_rounded_up(time) for time in times if time is not None and (pause is None or time > pause)}
    if pause is not None:
        wanted.add(pause)
    payload = {"account": scope.account_id, "mode": scope.mode, "webhook": webhook_id}
    return [
        Job(kind="webhooks.wake", payload={**payload, "moment": time.isoformat()}, run_at=time)
        for time in sorted(wanted)
    ]


def _rounded_up(time: dt.datetime) -> dt.datetime:
    """To a tenth of a second, so that what failed together wakes its endpoint once."""
    return time + dt.timedelta(microseconds=-time.microsecond % 100_000)


async def record_round(tx: Tx, scope: Scope, webhook: Webhook, results: Sequence[Result], health: Health) -> None:
    """Write what a round of attempts came to: an attempt row each, the deliveries' states, the endpoint's health, and
    the wake-ups for what is to be tried again."""
    await tx.execute(queries.KEPT_PLANS)
    await insert_all(tx, *_result_parts(scope, webhook.id, results))
    if health != webhook.health:
        await tx.execute(
            _HEALTH,
            scope.account_id,
            scope.mode,
            webhook.id,
            health.failing_since,
            health.last_failure_at,
            health.paused_until,
            health.slow_until,
        )
    await enqueue(tx, *wake_jobs(scope, webhook.id, [result.next_attempt_at for result in results], health))


def _result_parts(scope: Scope, webhook_id: Id, results: Sequence[Result]) -> list[Part]:
    owner = (scope.account_id, scope.mode, webhook_id)
    attempts = [
        (
            *owner,
            result.id,
            result.due.event_id,
            result.due.attempts + 1,
            result.sent.status,
            result.sent.error,
            result.sent.request_headers,
            result.sent.response_headers,
            result.sent.response_body,
            result.sent.duration_ms,
            result.next_attempt_at,
            result.at,
        )
        for result in results
        if result.sent is not None
    ]
    states = [
        (
            *owner,
            result.due.event_id,
            result.due.event_created_at,
            result.state,
            result.next_attempt_at,
            result.keeps_order,
            None if result.state == "pending" else result.at,
        )
        for result in results
    ]
    return [Part(_ATTEMPTS, tuple(zip(*attempts, strict=True))), Part(_RESULTS, tuple(zip(*states, strict=True)))]


async def disable_webhook(tx: Tx, scope: Scope, webhook_id: Id, reason: DisabledReason) -> Webhook | None:
    """Switch an endpoint off and tell its owner by an event; None if it was off already. Its deliveries are kept."""
    seq = await tx.fetchval(
        "UPDATE webhooks SET active = false, disabled_at = $4, disabled_reason = $5, updated_at = $4, "
        f"event_seq = event_seq + 1, {_HEALTHY} "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND active RETURNING event_seq",
        scope.account_id,
        scope.mode,
        webhook_id,
        now(),
        reason,
    )
    if seq is None:
        return None
    webhook = await queries.get_webhook(tx, scope, webhook_id)
    await _tell(tx, scope, "webhook_disabled", webhook, seq)
    return webhook


async def note_health(tx: Tx, scope: Scope, webhook_id: Id, news: HealthNews) -> None:
    """Tell an owner by an event that an endpoint fails, or works again; nothing happens if that is known already."""
    seq = await tx.fetchval(
        "UPDATE webhooks SET failing_told_at = $4, event_seq = event_seq + 1 WHERE account_id = $1 AND mode = $2 "
        "AND id = $3 AND active AND (failing_told_at IS NULL) = ($4::timestamptz IS NOT NULL) RETURNING event_seq",
        scope.account_id,
        scope.mode,
        webhook_id,
        now() if news == "webhook_failing" else None,
    )
    if seq is not None:
        await _tell(tx, scope, news, await queries.get_webhook(tx, scope, webhook_id), seq)


async def _tell(tx: Tx, scope: Scope, name: EventName, webhook: Webhook, seq: int) -> None:
    payload = webhook_payload(name, webhook, scope)
    await outbox.record(tx, Event(scope=scope, name=name, object_id=webhook.id, seq=seq, payload=payload))
