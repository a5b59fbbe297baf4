"""How purchases end, and what becomes of their labels then: rows, tracks, orders' summaries, events and jobs together
(law 4). How they begin is in reservations.py, how labels change and tell of it in changes.py.

Locks are taken in one order everywhere: purchase, track, label, order. What ends a purchase takes many, because batches
buy by the hundred.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from portside.db.tx import Tx
from portside.events.models import EventName
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels import queries, rules
from portside.labels.changes import change_labels
from portside.labels.models import (
    Bought,
    Label,
    LabelChange,
    LabelFile,
    LabelStatus,
    PurchaseState,
    StoredPurchase,
)
from portside.ledger.actions import record_lines, record_refunds
from portside.ledger.models import LineDraft
from portside.ledger.rules import sold
from portside.rates.models import Message
from portside.tracking import actions as tracking
from portside.tracking.models import TrackDraft, TrackingStatus

# Whoever asks the carrier while a purchase is released has an answer by then.
_LAST_QUESTION = dt.timedelta(minutes=2)

_OUTCOME = (
    "UPDATE purchases SET state = $3, carrier_reference = coalesce(c.reference, carrier_reference), updated_at = $4, "
    "flagged_at = NULL, flag_reason = NULL FROM unnest($5::uuid[], $6::text[]) AS c (id, reference) "
    "WHERE account_id = $1 AND mode = $2 AND purchases.id = c.id AND state = ANY($7::text[]) RETURNING purchases.*"
)


async def complete_purchases(tx: Tx, scope: Scope, outcomes: Mapping[Id, Bought]) -> set[Id]:
    """Write successes: labels, tracks, the orders' copies, events; gives the purchases that did not come too late.

    What is bought for a purchase that has ended otherwise meanwhile is voided at the carrier, by a job.
    """
    references = {purchase_id: bought.carrier_reference for purchase_id, bought in outcomes.items()}
    purchases = await _conclude_all(tx, scope, "bought", references)
    for purchase_id in outcomes.keys() - purchases.keys():
        await void_stray(tx, scope, purchase_id, references[purchase_id])
    labels = await queries.labels_of_purchases(tx, scope, list(purchases))
    tracks: list[TrackDraft] = []
    changes: list[LabelChange] = []
    for purchase_id, purchase in purchases.items():
        bought = outcomes[purchase_id]
        pieces = zip(labels[purchase_id], bought.files, strict=False)
        tracks += [_track(label, file, bought) for label, file in pieces]
        changes += _bought_labels(purchase, labels[purchase_id], bought)
    await tracking.register_tracks(tx, scope, tracks)
    await change_labels(tx, scope, changes)
    await record_lines(tx, [line for each in purchases for line in _sold(scope, labels[each], outcomes[each])])
    return set(purchases)


async def reject_purchases(
    tx: Tx, scope: Scope, refusals: Mapping[Id, Sequence[Message]], state: PurchaseState = "rejected"
) -> set[Id]:
    """Write refusals (law 7): the labels are in ERROR and say why. Gives those that have not ended otherwise."""
    purchases = await _conclude_all(tx, scope, state, dict.fromkeys(refusals))
    labels = await queries.labels_of_purchases(tx, scope, list(purchases))
    changes = [
        LabelChange(label=label, status="ERROR", names=_first_news(purchase), messages=tuple(refusals[purchase.id]))
        for purchase in purchases.values()
        for label in labels[purchase.id]
    ]
    await change_labels(tx, scope, changes)
    return set(purchases)


async def release_purchase(tx: Tx, scope: Scope, purchase_id: Id, word: Message) -> bool:
    """Take a person's word that the carrier has no label of a purchase that waits for one: its rate is free again.

    One that has ended before only stops waiting. False: it does not wait. What the carrier sold after all is voided
    there: by whoever learns of it, and by the job that asks once more. Raises NotFound.
    """
    purchase = await queries.lock_purchase(tx, scope, purchase_id)
    if purchase.flagged_at is None:
        return False
    await flag_purchase(tx, scope, purchase_id, None, is_open=purchase.state == "reserved")
    released = await reject_purchases(tx, scope, {purchase_id: [word]}, "voided")
    if released and purchase.sent_at is not None:
        payload, run_at = rules.purchase_payload(scope, purchase_id), now() + _LAST_QUESTION
        await enqueue(tx, Job(kind="labels.void_late_sale", payload=payload, run_at=run_at))
    return True


async def mark_refund(
    tx: Tx, scope: Scope, label_id: Id, status: LabelStatus, messages: Sequence[Message] = ()
) -> Label | None:
    """Move a label on along its refund; None when it stands elsewhere. The last refunded label frees its rate.

    Raises NotFound.
    """
    purchase_id = (await queries.get_label(tx, scope, label_id)).purchase_id
    await queries.lock_purchase(tx, scope, purchase_id)
    label = await queries.get_label(tx, scope, label_id)
    if label.status != rules.REFUND_BEFORE.get(status):
        return None
    (changed,) = await change_labels(
        tx, scope, [LabelChange(label=label, status=status, messages=tuple(messages) or None)]
    )
    if status == "REFUNDED":
        await record_refunds(tx, scope, [label_id])
    labels = await queries.labels_of_purchase(tx, scope, purchase_id)
    if status == "REFUNDED" and all(each.status in rules.WORTHLESS for each in labels):
        await _conclude_all(tx, scope, "refunded", {purchase_id: None})
    return changed


async def flag_purchase(tx: Tx, scope: Scope, purchase_id: Id, reason: str | None, *, is_open: bool) -> None:
    """Leave a purchase to a person: nothing here can find out, or undo, what the carrier did. None: it waits no more.

    `is_open` says whether that is about one whose outcome is open; who learns it too late changes nothing.
    """
    values = (scope.account_id, scope.mode, purchase_id, now(), reason, is_open)
    await tx.execute(
        "UPDATE purchases SET flagged_at = CASE WHEN $5::text IS NOT NULL THEN coalesce(flagged_at, $4) END, "
        "flag_reason = left($5, 500) WHERE account_id = $1 AND mode = $2 AND id = $3 AND (state = 'reserved') = $6",
        *values,
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
    change = LabelChange(label=label, status=label.status, tracking_status=status, eta=eta)
    return (await change_labels(tx, scope, [change]))[0]


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


async def _conclude_all(
    tx: Tx, scope: Scope, state: PurchaseState, references: Mapping[Id, str | None]
) -> dict[Id, StoredPurchase]:
    """The compare-and-set of outcomes, with the carrier's references; those missing have had another one before."""
    rows = await tx.fetch(
        _OUTCOME,
        scope.account_id,
        scope.mode,
        state,
        now(),
        list(references),
        list(references.values()),
        list(rules.BEFORE[state]),
    )
    return {purchase.id: purchase for purchase in map(queries.purchase_of, rows)}


async def void_stray(tx: Tx, scope: Scope, purchase_id: Id, carrier_reference: str) -> None:
    """Have undone at the carrier what is not the outcome of this purchase."""
    purchase = await queries.get_purchase(tx, scope, purchase_id)
    if purchase.state == "bought" and purchase.carrier_reference == carrier_reference:
        return
    payload = {**rules.purchase_payload(scope, purchase_id), "carrier_reference": carrier_reference}
    # One after the other, so that the second finds what the first has voided.
    await enqueue(tx, Job(kind="labels.void", payload=payload, key=f"labels.void:{purchase_id}"))


def _first_news(purchase: StoredPurchase) -> tuple[EventName, ...]:
    """What tells of a label's outcome when nobody has heard of it before."""
    return ("transaction_created", "transaction_updated") if purchase.answered_queued else ("transaction_created",)


def _bought_labels(purchase: StoredPurchase, labels: Sequence[Label], bought: Bought) -> list[LabelChange]:
    names = _first_news(purchase)
    made = [
        LabelChange(
            label=label,
            status="SUCCESS",
            names=names,
            tracking_number=file.tracking_number,
            tracking_status="UNKNOWN",
            tracking_url=file.tracking_url,
            eta=bought.eta,
            file_key=file.file_key,
            invoice_key=bought.invoice_key,
            qr_code_key=file.qr_code_key,
            label_file_type=file.label_file_type,
        )
        for label, file in zip(labels, bought.files, strict=False)
    ]
    for label in labels[len(made) :]:
        missing = Message(source=label.carrier, code="", text="The carrier made no label for this parcel.")
        made.append(LabelChange(label=label, status="ERROR", names=names, messages=(missing,)))
    return made


def _sold(scope: Scope, labels: Sequence[Label], bought: Bought) -> list[LineDraft]:
    """The purchase in the platform's ledger, a line for each label that was made."""
    if bought.sale is None:
        return []
    made = zip(labels, bought.files, strict=False)
    return sold(scope, bought.sale, [(label.id, file.tracking_number) for label, file in made])


def _track(label: Label, file: LabelFile, bought: Bought) -> TrackDraft:
    return TrackDraft(
        carrier=label.carrier,
        tracking_number=file.tracking_number,
        label_id=label.id,
        metadata=label.metadata or None,
        details=bought.track,
    )
