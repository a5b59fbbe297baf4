"""Changes to purchases and labels: rows, tracks, orders' summaries, events and jobs together (law 4).

Locks are taken in one order everywhere: purchase, track, label, order.
Copies that are kept here: `order_labels.summary` (through `orders.actions.note_label`) is written whenever a label
changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.db.tx import Tx
from portside.errors import Conflict
from portside.events import outbox
from portside.events.models import Event, EventName
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.labels import queries, wire
from portside.labels.models import Bought, Label, LabelStatus, PurchaseDraft, PurchaseState, Reservation, StoredPurchase
from portside.labels.rules import BEFORE
from portside.orders import actions as orders
from portside.orders.models import LabelSummary
from portside.rates.models import Message, StoredRate
from portside.tracking import actions as tracking
from portside.tracking.models import TrackingStatus

# Whichever of two reservations commits second finds the first one's row: by its rate, or by its own id.
_RESERVE = (
    "INSERT INTO purchases (account_id, mode, id, rate_id, order_id, state, label_file_type, answered_queued, "
    "created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'reserved', $6, $7, $8, $9, $9) "
    "ON CONFLICT DO NOTHING RETURNING id"
)
# Between a refused reservation and the look at its rival, the rival may end and free the rate.
_TRIES = 5

_INSERT_LABELS = (
    "INSERT INTO labels (account_id, mode, id, purchase_id, rate_id, parcel_id, order_id, piece, status, carrier, "
    "label_file_type, metadata, created_at, updated_at) "
    "SELECT $1, $2, i, $3, $4, p, $5, n, $6, $7, $8, $9, $10, $10 "
    "FROM unnest($11::uuid[], $12::uuid[], $13::int[]) AS given (i, p, n)"
)
_OUTCOME = (
    "UPDATE purchases SET state = $4, carrier_reference = coalesce($5, carrier_reference), updated_at = $6, "
    "flagged_at = NULL, flag_reason = NULL "
    "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = ANY($7::text[]) RETURNING *"
)
_CHANGE_LABEL = (
    "UPDATE labels SET status = $4, tracking_number = coalesce($5, tracking_number), "
    "tracking_status = coalesce($6, tracking_status), tracking_url = coalesce($7, tracking_url), "
    "eta = coalesce($8, eta), file_key = coalesce($9, file_key), label_file_type = coalesce($10, label_file_type), "
    "messages = coalesce($11, messages), event_seq = event_seq + $12, updated_at = $13 "
    "WHERE account_id = $1 AND mode = $2 AND id = $3"
)


async def reserve_purchase(tx: Tx, scope: Scope, draft: PurchaseDraft, resume_at: dt.datetime) -> Reservation:
    """Reserve a purchase before its carrier is called, or give the one that holds the rate (or the id) already.

    The job that carries it on at `resume_at`, whatever becomes of the caller, is queued with it.
    """
    for _ in range(_TRIES):
        if await _inserted(tx, scope, draft):
            like = {**msgspec.structs.asdict(draft), "purchase_id": draft.id}
            like["status"] = "QUEUED" if draft.rate_id else "WAITING"
            pieces = zip(draft.label_ids, draft.parcel_ids, range(1, len(draft.label_ids) + 1), strict=True)
            await _insert_labels(tx, scope, like, list(pieces))
            await enqueue(tx, buy_job(scope, draft.id, resume_at))
            return await queries.get_reservation(tx, scope, draft.id, is_new=True)
        found = await queries.find_rival(tx, scope, draft)
        if found is not None:
            return await queries.get_reservation(tx, scope, found.id)
    raise Conflict("This rate is being bought and given up at the same time. Try again.")


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
    pieces = [(new_id(), parcel_id, piece) for piece, parcel_id in enumerate(parcel_ids, 1) if piece > 1]
    await _insert_labels(tx, scope, dict(master), pieces)
    return True


async def withdraw_purchase(tx: Tx, scope: Scope, purchase_id: Id) -> None:
    """Take an Instalabel back whose request turned out to be wrong before a rate was found: as if it never was."""
    keys = (scope.account_id, scope.mode, purchase_id)
    await tx.execute("DELETE FROM labels WHERE account_id = $1 AND mode = $2 AND purchase_id = $3", *keys)
    await tx.execute("DELETE FROM purchases WHERE account_id = $1 AND mode = $2 AND id = $3", *keys)


async def mark_sent(tx: Tx, scope: Scope, purchase_id: Id, settle_seconds: float) -> bool:
    """THE permission to call the carrier's `buy`, once committed; given once per purchase, ever.

    From `settle_seconds` later on the carrier may be asked what became of it.
    """
    sent = await tx.fetchval(
        "UPDATE purchases SET sent_at = now(), settle_after = now() + make_interval(secs => $4), updated_at = now() "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND state = 'reserved' AND sent_at IS NULL "
        "AND rate_id IS NOT NULL RETURNING id",
        scope.account_id,
        scope.mode,
        purchase_id,
        settle_seconds,
    )
    return sent is not None


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


async def complete_purchase(tx: Tx, scope: Scope, purchase_id: Id, bought: Bought) -> bool:
    """Write a success: labels, tracks, the order's copy, events. False when it came too late.

    What is bought for a purchase that has ended otherwise meanwhile is voided at the carrier, by a job.
    """
    purchase = await _conclude(tx, scope, purchase_id, "bought", bought.carrier_reference)
    if purchase is None:
        await _void_if_stray(tx, scope, purchase_id, bought.carrier_reference)
        return False
    labels = await queries.labels_of_purchase(tx, scope, purchase_id)
    made = list(zip(labels, bought.files, strict=False))
    for label, file in made:
        await tracking.register_track(
            tx,
            scope,
            label.carrier,
            file.tracking_number,
            label_id=label.id,
            metadata=label.metadata or None,
            details=bought.track,
        )
    for label, file in made:
        await _change_label(
            tx,
            scope,
            label,
            "SUCCESS",
            first_of=purchase,
            tracking_number=file.tracking_number,
            tracking_status="UNKNOWN",
            tracking_url=file.tracking_url,
            eta=bought.eta,
            file_key=file.file_key,
            label_file_type=file.label_file_type,
        )
    for label in labels[len(made) :]:
        missing = Message(source=label.carrier, code="", text="The carrier made no label for this parcel.")
        await _change_label(tx, scope, label, "ERROR", first_of=purchase, messages=(missing,))
    return True


async def reject_purchase(tx: Tx, scope: Scope, purchase_id: Id, messages: Sequence[Message]) -> bool:
    """Write a refusal (law 7): the labels are in ERROR and say why. False: it has ended otherwise."""
    purchase = await _conclude(tx, scope, purchase_id, "rejected")
    if purchase is None:
        return False
    for label in await queries.labels_of_purchase(tx, scope, purchase_id):
        await _change_label(tx, scope, label, "ERROR", first_of=purchase, messages=tuple(messages))
    return True


async def void_purchase(tx: Tx, scope: Scope, purchase_id: Id) -> bool:
    """Give a purchase up: its rate is free again. False: it has ended otherwise.

    The carrier is told by the caller's flow if the label is known there; one whose outcome is still open is voided at
    the carrier when it turns out to have been bought.
    """
    before = await queries.get_purchase(tx, scope, purchase_id)
    purchase = await _conclude(tx, scope, purchase_id, "voided")
    if purchase is None:
        return False
    for label in await queries.labels_of_purchase(tx, scope, purchase_id):
        first = purchase if before.state == "reserved" else None
        await _change_label(tx, scope, label, "REFUNDED", first_of=first)
    return True


async def flag_purchase(tx: Tx, scope: Scope, purchase_id: Id, reason: str) -> None:
    """Leave a purchase to a person: nothing here can find out, or undo, what the carrier did."""
    await tx.execute(
        "UPDATE purchases SET flagged_at = coalesce(flagged_at, $4), flag_reason = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        purchase_id,
        now(),
        reason[:500],
    )


async def note_tracking(
    tx: Tx, scope: Scope, label_id: Id, status: TrackingStatus, eta: dt.datetime | None
) -> Label | None:
    """Copy what its track says to a label; None when the label knew that already. The caller holds the track's row."""
    row = await tx.fetchrow(
        "SELECT id FROM labels WHERE account_id = $1 AND mode = $2 AND id = $3 "
        "AND (tracking_status IS DISTINCT FROM $4 OR ($5::timestamptz IS NOT NULL AND eta IS DISTINCT FROM $5)) "
        "FOR NO KEY UPDATE",
        scope.account_id,
        scope.mode,
        label_id,
        status,
        eta,
    )
    if row is None:
        return None
    label = await queries.get_label(tx, scope, label_id)
    return await _change_label(tx, scope, label, label.status, tracking_status=status, eta=eta)


async def requeue_forgotten(tx: Tx, limit: int = 100) -> int:
    """Flag purchases whose outcome has been open for an hour, and have them looked at again; gives how many.

    A net under lost jobs, and under every trouble that no job can mend by trying again.

    # unscoped: housekeeping of all accounts.
    """
    rows = await tx.fetch(
        "UPDATE purchases SET updated_at = now(), flagged_at = coalesce(flagged_at, now()), "
        "flag_reason = coalesce(flag_reason, 'Its outcome is open for too long. Look it up at the carrier.') "
        "WHERE (account_id, mode, id) IN (SELECT account_id, mode, id FROM purchases WHERE state = 'reserved' "
        "AND updated_at < now() - interval '1 hour' ORDER BY updated_at LIMIT $1 FOR UPDATE SKIP LOCKED) "
        "RETURNING account_id, mode, id",
        limit,
    )
    payloads = [{"account": row["account_id"], "mode": row["mode"], "purchase": row["id"]} for row in rows]
    await enqueue(tx, *[Job(kind="labels.look_again", payload=payload) for payload in payloads])
    return len(rows)


def buy_job(scope: Scope, purchase_id: Id, run_at: dt.datetime | None = None) -> Job:
    """The job that carries a purchase on, from wherever it stands. Several for one purchase do no harm."""
    payload = {"account": scope.account_id, "mode": scope.mode, "purchase": purchase_id}
    return Job(kind="labels.buy", payload=payload, run_at=run_at)


async def _inserted(tx: Tx, scope: Scope, draft: PurchaseDraft) -> bool:
    reserved = await tx.fetchval(
        _RESERVE,
        scope.account_id,
        scope.mode,
        draft.id,
        draft.rate_id,
        draft.order_id,
        draft.label_file_type,
        draft.answered_queued,
        draft.created_by,
        now(),
    )
    return reserved is not None


async def _insert_labels(
    tx: Tx, scope: Scope, like: Mapping[str, Any], pieces: Sequence[tuple[Id, Id | None, int]]
) -> None:
    """Write (id, parcel, piece) as labels that are otherwise `like`."""
    if not pieces:
        return
    ids, parcel_ids, numbers = (list(column) for column in zip(*pieces, strict=True))
    shared = [
        like[name]
        for name in ("purchase_id", "rate_id", "order_id", "status", "carrier", "label_file_type", "metadata")
    ]
    await tx.execute(_INSERT_LABELS, scope.account_id, scope.mode, *shared, now(), ids, parcel_ids, numbers)


async def _conclude(
    tx: Tx, scope: Scope, purchase_id: Id, state: PurchaseState, carrier_reference: str | None = None
) -> StoredPurchase | None:
    """The compare-and-set of an outcome; None: another outcome was first."""
    row = await tx.fetchrow(
        _OUTCOME,
        scope.account_id,
        scope.mode,
        purchase_id,
        state,
        carrier_reference,
        now(),
        list(BEFORE[state]),
    )
    return None if row is None else queries.purchase_of(row)


async def _void_if_stray(tx: Tx, scope: Scope, purchase_id: Id, carrier_reference: str) -> None:
    purchase = await queries.get_purchase(tx, scope, purchase_id)
    if purchase.state == "bought" and purchase.carrier_reference == carrier_reference:
        return
    payload = {
        "account": scope.account_id,
        "mode": scope.mode,
        "purchase": purchase_id,
        "carrier_reference": carrier_reference,
    }
    await enqueue(tx, Job(kind="labels.void", payload=payload))


async def _change_label(
    tx: Tx,
    scope: Scope,
    label: Label,
    status: LabelStatus,
    *,
    first_of: StoredPurchase | None = None,
    **changes: Any,
) -> Label:
    """Change a label and tell of it. `first_of` is its purchase when this is the first outcome anybody hears of."""
    names: list[EventName] = ["transaction_updated"]
    if first_of is not None:
        names = ["transaction_created", "transaction_updated"] if first_of.answered_queued else ["transaction_created"]
    columns = ("tracking_number", "tracking_status", "tracking_url", "eta", "file_key", "label_file_type", "messages")
    await tx.execute(
        _CHANGE_LABEL,
        scope.account_id,
        scope.mode,
        label.id,
        status,
        *[changes.get(column) for column in columns],
        len(names),
        now(),
    )
    changed = await queries.get_label(tx, scope, label.id)
    if changed.order_id is not None:
        await orders.note_label(tx, scope, changed.order_id, _summary(changed))
    await _record(tx, scope, changed, names)
    return changed


async def _record(tx: Tx, scope: Scope, label: Label, names: Sequence[EventName]) -> None:
    first = label.event_seq - len(names) + 1
    events = [
        Event(
            scope=scope,
            name=name,
            object_id=label.id,
            seq=first + place,
            payload=wire.transaction_body(name, label, scope),
        )
        for place, name in enumerate(names)
    ]
    await outbox.record(tx, *events)


def _summary(label: Label) -> LabelSummary:
    return LabelSummary(
        label_id=label.id,
        status=label.status,
        carrier=label.carrier,
        tracking_number=label.tracking_number,
        tracking_status=label.tracking_status,
        file_key=label.file_key,
    )
