"""Changes to refunds: the row, its label and its purchase, the order's status, events and jobs together (law 4).

Locks are taken in one order everywhere: refund, purchase, label, order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.db.tx import Tx
from portside.errors import FieldErrors, NotFound
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels import actions as labels
from portside.labels.queries import get_label
from portside.rates.models import Message
from portside.refunds import queries, rules
from portside.refunds.models import Refund, RefundStatus

# Whichever of two requests commits second finds the first one's row by its label.
_INSERT = (
    "INSERT INTO refunds (account_id, mode, id, label_id, status, next_try_at, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, 'QUEUED', now(), $5, $5) ON CONFLICT DO NOTHING RETURNING id"
)


async def create_refund(tx: Tx, scope: Scope, refund_id: Id, label_id: Id) -> Refund:
    """Ask for a label's refund: the label is REFUNDPENDING, its purchase keeps the rate, a job asks the carrier.

    Raises FieldErrors: there is no such label, it has a refund already, or it is not one that was bought.
    """
    try:
        label = await get_label(tx, scope, label_id)
    except NotFound as error:
        raise FieldErrors({"transaction": [rules.NOT_FOUND]}) from error
    if not await tx.fetchval(_INSERT, scope.account_id, scope.mode, refund_id, label_id, now()):
        raise FieldErrors({"transaction": [rules.EXISTS]})
    if await labels.mark_refund(tx, scope, label_id, "REFUNDPENDING") is None:
        raise rules.not_refundable(label.status)
    await enqueue(tx, refund_job(scope, refund_id))
    return await queries.get_refund(tx, scope, refund_id)


async def claim_refund(tx: Tx, scope: Scope, refund_id: Id, seconds: float) -> Refund | None:
    """THE permission to ask the carrier, once committed, for so many seconds; None while another has it, or after the
    outcome."""
    row = await tx.fetchrow(
        "UPDATE refunds SET status = 'PENDING', next_try_at = now() + make_interval(secs => $4), updated_at = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status IN ('QUEUED', 'PENDING') "
        "AND next_try_at <= now() RETURNING *",
        scope.account_id,
        scope.mode,
        refund_id,
        seconds,
        now(),
    )
    return None if row is None else queries.refund_of(row)


async def put_off_refund(tx: Tx, scope: Scope, refund_id: Id, seconds: float, messages: Sequence[Message]) -> None:
    """The carrier could not be asked; it may be again in so many seconds."""
    await tx.execute(
        "UPDATE refunds SET next_try_at = now() + make_interval(secs => $4), messages = $5, updated_at = $6 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status = 'PENDING'",
        scope.account_id,
        scope.mode,
        refund_id,
        seconds,
        list(messages),
        now(),
    )


async def complete_refund(tx: Tx, scope: Scope, refund_id: Id) -> bool:
    """The carrier has agreed. False: the outcome was known."""
    refund = await _conclude(tx, scope, refund_id, "SUCCESS", ())
    if refund is None:
        return False
    await labels.mark_refund(tx, scope, refund.label_id, "REFUNDED")
    return True


async def reject_refund(tx: Tx, scope: Scope, refund_id: Id, messages: Sequence[Message]) -> bool:
    """The carrier has refused: the label is as good as before. False: the outcome was known."""
    refund = await _conclude(tx, scope, refund_id, "ERROR", messages)
    if refund is None:
        return False
    await labels.mark_refund(tx, scope, refund.label_id, "REFUNDREJECTED", messages)
    return True


async def requeue_forgotten(tx: Tx, overdue: dt.timedelta, limit: int = 100) -> int:
    """Have refunds asked for again that no job carries on any more; gives how many.

    # unscoped: housekeeping of all accounts.
    """
    rows = await tx.fetch(
        "UPDATE refunds SET next_try_at = now() WHERE (account_id, mode, id) IN ("
        "SELECT account_id, mode, id FROM refunds WHERE status IN ('QUEUED', 'PENDING') "
        "AND next_try_at < now() - $1::interval ORDER BY next_try_at LIMIT $2 FOR UPDATE SKIP LOCKED) "
        "RETURNING account_id, mode, id",
        overdue,
        limit,
    )
    payloads = [{"account": row["account_id"], "mode": row["mode"], "refund": row["id"]} for row in rows]
    await enqueue(tx, *[Job(kind="refunds.carry_out", payload=payload) for payload in payloads])
    return len(rows)


def refund_job(scope: Scope, refund_id: Id) -> Job:
    """The job that asks the carrier until it answers. Several for one refund do no harm."""
    payload = {"account": scope.account_id, "mode": scope.mode, "refund": refund_id}
    return Job(kind="refunds.carry_out", payload=payload)


async def _conclude(
    tx: Tx, scope: Scope, refund_id: Id, status: RefundStatus, messages: Sequence[Message]
) -> Refund | None:
    """The compare-and-set of an outcome; None: another outcome was first."""
    row = await tx.fetchrow(
        "UPDATE refunds SET status = $4, messages = $5, updated_at = $6 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status IN ('QUEUED', 'PENDING') RETURNING *",
        scope.account_id,
        scope.mode,
        refund_id,
        status,
        list(messages),
        now(),
    )
    return None if row is None else queries.refund_of(row)
