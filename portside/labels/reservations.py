"""Reserving a purchase, and all that is written of it before its carrier is called (law 4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from portside.db.tx import Tx
from portside.errors import Conflict
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.labels import queries, rules
from portside.labels.changes import insert_labels
from portside.labels.models import PurchaseDraft, Reservation
from portside.rates.models import StoredRate

# Whichever of two reservations commits second finds the first one's row: by its rate, or by its own id.
_RESERVE = (
    "INSERT INTO purchases (account_id, mode, id, rate_id, order_id, state, label_file_type, answered_queued, "
    "created_by, created_at, updated_at) SELECT $1, $2, i, r, o, 'reserved', f, q, b, $3, $3 "
    "FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::boolean[], $9::jsonb[]) "
    "AS given (i, r, o, f, q, b) ON CONFLICT DO NOTHING RETURNING id"
)
# Between a refused reservation and the look at its rival, the rival may end and free the rate.
_TRIES = 5


async def reserve_purchase(tx: Tx, scope: Scope, draft: PurchaseDraft, resume_at: dt.datetime) -> Reservation:
    """Reserve a purchase before its carrier is called, or give the one that holds the rate (or the id) already.

    The job that carries it on at `resume_at`, whatever becomes of the caller, is queued with it.
    """
    for _ in range(_TRIES):
        if await reserve_purchases(tx, scope, [draft]):
            await enqueue(tx, buy_job(scope, draft.id, resume_at))
            return await queries.get_reservation(tx, scope, draft.id, is_new=True)
        found = await queries.find_rival(tx, scope, draft)
        if found is not None:
            return await queries.get_reservation(tx, scope, found.id)
    raise Conflict("This rate is being bought and given up at the same time. Try again.")


async def reserve_purchases(tx: Tx, scope: Scope, drafts: Sequence[PurchaseDraft]) -> set[Id]:
    """Reserve many purchases, which a job of the caller's carries on; gives those that are new. Of the others the rate,
    or the id, is taken."""
    rows = await tx.fetch(
        _RESERVE,
        scope.account_id,
        scope.mode,
        now(),
        [draft.id for draft in drafts],
        [draft.rate_id for draft in drafts],
        [draft.order_id for draft in drafts],
        [draft.label_file_type for draft in drafts],
        [draft.answered_queued for draft in drafts],
        [draft.created_by for draft in drafts],
    )
    new = {Id(row["id"]) for row in rows}
    await insert_labels(tx, scope, [label for draft in drafts if draft.id in new for label in _new_labels(draft)])
    return new


async def assign_rate(
    tx: Tx, scope: Scope, purchase_id: Id, rate: StoredRate, parcel_ids: Sequence[Id], order_id: Id | None
) -> bool:
    """Give an Instalabel its rate and one label per parcel. False: it was rejected meanwhile."""
    order = await tx.fetch(
        "UPDATE purchases SET rate_id = $4, order_id = coalesce(order_id, $5), updated_at = $6 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = 'reserved' AND rate_id IS NULL RETURNING order_id",
        scope.account_id,
        scope.mode,
        purchase_id,
        rate.id,
        order_id,
        now(),
    )
    if not order:
        return False
    (master,) = await tx.fetch(
        "UPDATE labels SET rate_id = $4, parcel_id = $5, order_id = $6, status = 'QUEUED', updated_at = $7 "
        "WHERE account_id = $1 AND mode = $2 AND purchase_id = $3 RETURNING *",
        scope.account_id,
        scope.mode,
        purchase_id,
        rate.id,
        parcel_ids[0],
        order[0]["order_id"],
        now(),
    )
    others = [(parcel_id, piece) for piece, parcel_id in enumerate(parcel_ids, 1) if piece > 1]
    like = [{**dict(master), "id": new_id(), "parcel_id": parcel_id, "piece": piece} for parcel_id, piece in others]
    await insert_labels(tx, scope, like)
    return True


async def withdraw_purchase(tx: Tx, scope: Scope, purchase_id: Id) -> None:
    """Take an Instalabel back whose request turned out to be wrong before a rate was found: as if it never was."""
    keys = (scope.account_id, scope.mode, purchase_id)
    await tx.execute("DELETE FROM labels WHERE account_id = $1 AND mode = $2 AND purchase_id = $3", *keys)
    await tx.execute("DELETE FROM purchases WHERE account_id = $1 AND mode = $2 AND id = $3", *keys)


async def mark_all_sent(tx: Tx, scope: Scope, purchase_ids: Sequence[Id], settle_seconds: float) -> set[Id]:
    """THE permission to call the carriers' `buy`, once committed; given once per purchase, ever. Gives those for which
    it is given now.

    From `settle_seconds` later on a carrier may be asked what became of its purchase.
    """
    rows = await tx.fetch(
        "UPDATE purchases SET sent_at = now(), settle_after = now() + make_interval(secs => $4), updated_at = now() "
        "WHERE account_id = $1 AND mode = $2 AND id = ANY($3::uuid[]) AND state = 'reserved' AND sent_at IS NULL "
        "AND rate_id IS NOT NULL RETURNING id",
        scope.account_id,
        scope.mode,
        list(purchase_ids),
        settle_seconds,
    )
    return {Id(row["id"]) for row in rows}


async def mark_answered_queued(tx: Tx, scope: Scope, purchase_id: Id) -> bool:
    """Its buyer is about to be told QUEUED, so the outcome will be an update to them. False: the outcome is known."""
    marked = await tx.fetchval(
        "UPDATE purchases SET answered_queued = true "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = 'reserved' RETURNING id",
        scope.account_id,
        scope.mode,
        purchase_id,
    )
    return marked is not None


def buy_job(scope: Scope, purchase_id: Id, run_at: dt.datetime | None = None) -> Job:
    """The job that carries a purchase on, from wherever it stands. Several for one purchase do no harm."""
    return Job(kind="labels.buy", payload=rules.purchase_payload(scope, purchase_id), run_at=run_at)


def _new_labels(draft: PurchaseDraft) -> list[dict[str, Any]]:
    like = {**msgspec.structs.asdict(draft), "purchase_id": draft.id}
    like["status"] = "QUEUED" if draft.rate_id else "WAITING"
    pieces = zip(draft.label_ids, draft.parcel_ids, strict=True)
    return [
        {**like, "id": label_id, "parcel_id": parcel_id, "piece": piece}
        for piece, (label_id, parcel_id) in enumerate(pieces, 1)
    ]
