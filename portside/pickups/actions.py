"""Changes to pickups: the row, and the job that asks the carrier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.addresses.actions import create_addresses
from portside.carriers.contract import PickupBooking
from portside.db.tx import Tx
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.pickups import queries
from portside.pickups.models import Pickup, PickupDraft

_INSERT = (
    "INSERT INTO pickups (account_id, mode, id, carrier_account_id, carrier, status, address_id, label_ids, "
    "requested_start_at, requested_end_at, details, metadata, next_try_at, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, 'PENDING', $6, $7, $8, $9, $10, $11, now(), $12, $12)"
)
_KEYS = "account_id = $1 AND mode = $2 AND id = $3"
_IS_OPEN = "(status = 'PENDING' OR (status = 'CONFIRMED' AND cancel_requested_at IS NOT NULL))"


async def create_pickup(tx: Tx, scope: Scope, draft: PickupDraft, ask_at: dt.datetime) -> Pickup:
    """Write a pickup and its address; should its maker die, a job asks the carrier at `ask_at`."""
    wanted = draft.wanted
    await create_addresses(tx, [wanted.address])
    await tx.execute(
        _INSERT,
        scope.account_id,
        scope.mode,
        draft.id,
        wanted.carrier_account_id,
        draft.carrier,
        wanted.address.address.id,
        list(wanted.label_ids),
        wanted.start,
        wanted.end,
        wanted.place,
        wanted.metadata,
        now(),
    )
    await enqueue(tx, pickup_job(scope, draft.id, ask_at))
    return await queries.get_pickup(tx, scope, draft.id)


async def claim_pickup(tx: Tx, scope: Scope, pickup_id: Id, seconds: float) -> Pickup | None:
    """THE permission to ask the carrier, once committed, for so many seconds; None while another has it, or when there
    is nothing to ask."""
    row = await tx.fetchrow(
        f"UPDATE pickups SET next_try_at = now() + make_interval(secs => $4) "
        f"WHERE {_KEYS} AND {_IS_OPEN} AND next_try_at <= now() RETURNING *",
        scope.account_id,
        scope.mode,
        pickup_id,
        seconds,
    )
    return None if row is None else queries.pickup_of(row)


async def put_off_pickup(tx: Tx, scope: Scope, pickup_id: Id, seconds: float, messages: Sequence[str]) -> None:
    """The carrier could not be asked; it may be again in so many seconds."""
    await tx.execute(
        f"UPDATE pickups SET next_try_at = now() + make_interval(secs => $4), messages = $5, updated_at = $6 "
        f"WHERE {_KEYS} AND {_IS_OPEN}",
        scope.account_id,
        scope.mode,
        pickup_id,
        seconds,
        list(messages),
        now(),
    )


async def confirm_pickup(tx: Tx, scope: Scope, pickup_id: Id, booking: PickupBooking) -> Pickup | None:
    """The carrier comes. None: the outcome was known."""
    row = await tx.fetchrow(
        f"UPDATE pickups SET status = 'CONFIRMED', booking = $4, messages = $5, next_try_at = now(), updated_at = $6 "
        f"WHERE {_KEYS} AND status = 'PENDING' RETURNING *",
        scope.account_id,
        scope.mode,
        pickup_id,
        booking,
        list(booking.messages),
        now(),
    )
    return None if row is None else queries.pickup_of(row)


async def reject_pickup(tx: Tx, scope: Scope, pickup_id: Id, messages: Sequence[str]) -> None:
    """The carrier does not come."""
    await tx.execute(
        f"UPDATE pickups SET status = 'ERROR', messages = $4, updated_at = $5 WHERE {_KEYS} AND status = 'PENDING'",
        scope.account_id,
        scope.mode,
        pickup_id,
        list(messages),
        now(),
    )


async def request_cancel(tx: Tx, scope: Scope, pickup_id: Id, ask_at: dt.datetime) -> None:
    """Have a pickup called off, which is PENDING or CONFIRMED; should its canceller die, a job does it at `ask_at`."""
    await tx.execute(
        f"UPDATE pickups SET cancel_requested_at = coalesce(cancel_requested_at, $4), updated_at = $4 WHERE {_KEYS} "
        "AND status IN ('PENDING', 'CONFIRMED')",
        scope.account_id,
        scope.mode,
        pickup_id,
        now(),
    )
    await enqueue(tx, pickup_job(scope, pickup_id, ask_at))


async def cancel_pickup(tx: Tx, scope: Scope, pickup_id: Id) -> None:
    """The carrier has agreed not to come."""
    await tx.execute(
        f"UPDATE pickups SET status = 'CANCELLED', updated_at = $4 WHERE {_KEYS} AND status = 'CONFIRMED'",
        scope.account_id,
        scope.mode,
        pickup_id,
        now(),
    )


async def refuse_cancel(tx: Tx, scope: Scope, pickup_id: Id, messages: Sequence[str]) -> None:
    """The carrier comes all the same."""
    await tx.execute(
        f"UPDATE pickups SET cancel_requested_at = NULL, messages = $4, updated_at = $5 "
        f"WHERE {_KEYS} AND status = 'CONFIRMED'",
        scope.account_id,
        scope.mode,
        pickup_id,
        list(messages),
        now(),
    )


async def requeue_forgotten(tx: Tx, overdue: dt.timedelta, limit: int = 100) -> int:
    """Have carriers asked again where no job carries a pickup on any more; gives how many.

    # unscoped: housekeeping of all accounts.
    """
    rows = await tx.fetch(
        f"UPDATE pickups SET next_try_at = now() WHERE (account_id, mode, id) IN ("
        f"SELECT account_id, mode, id FROM pickups WHERE {_IS_OPEN} AND next_try_at < now() - $1::interval "
        "ORDER BY next_try_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING account_id, mode, id",
        overdue,
        limit,
    )
    payloads = [{"account": row["account_id"], "mode": row["mode"], "pickup": row["id"]} for row in rows]
    await enqueue(tx, *[Job(kind="pickups.carry_out", payload=payload) for payload in payloads])
    return len(rows)


def pickup_job(scope: Scope, pickup_id: Id, run_at: dt.datetime | None = None) -> Job:
    """The job that asks the carrier until it answers. Several for one pickup do no harm."""
    payload = {"account": scope.account_id, "mode": scope.mode, "pickup": pickup_id}
    return Job(kind="pickups.carry_out", payload=payload, run_at=run_at)
