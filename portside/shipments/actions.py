"""Writing shipments: made with their parts, rated once, queued again when a process forgot them."""

from __future__ import annotations

from collections.abc import Sequence

from portside.addresses.actions import create_addresses
from portside.customs.actions import create_declaration
from portside.customs.models import DeclarationDraft, Item, StoredDeclaration
from portside.customs.queries import list_items_of
from portside.db.tx import Tx
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.parcels.actions import create_parcels
from portside.parcels.models import ParcelDraft, StoredParcel
from portside.rates.actions import save_rates
from portside.rates.models import Message, Offers, StoredRate
from portside.shipments.models import ShipmentDetails, ShipmentDraft, StoredShipment
from portside.shipments.rules import FORGOTTEN_AFTER, GIVEN_UP_AFTER

RATE = "shipments.rate"

_INSERT = (
    "INSERT INTO shipments (account_id, mode, id, status, address_from_id, address_to_id, address_return_id, "
    "customs_declaration_id, parcel_ids, carrier_account_ids, order_id, shipment_date, details, messages, metadata, "
    "created_at, updated_at) VALUES ($1, $2, $3, 'QUEUED', $4, $5, $6, $7, $8, $9, $10, $11, $12, '[]', $13, $14, $14)"
)


async def create_shipment(tx: Tx, draft: ShipmentDraft) -> StoredShipment:
    """Write a shipment and the parts that came with it; it is QUEUED until `complete_rating`."""
    await create_addresses(tx, draft.new_addresses)
    parcels = await _written_parcels(tx, draft.parcels)
    customs, items = await _written_customs(tx, draft)
    moment = now()
    shipment = StoredShipment(
        id=new_id(),
        status="QUEUED",
        details=ShipmentDetails(
            address_from=draft.address_from,
            address_to=draft.address_to,
            address_return=draft.address_return,
            parcels=parcels,
            customs=customs,
            customs_items=items,
            extra=draft.extra,
        ),
        carrier_account_ids=draft.carrier_account_ids,
        order_id=draft.order_id,
        shipment_date=draft.shipment_date,
        metadata=draft.metadata,
        messages=(),
        created_at=moment,
        updated_at=moment,
    )
    await tx.execute(
        _INSERT,
        draft.scope.account_id,
        draft.scope.mode,
        shipment.id,
        draft.address_from.id,
        draft.address_to.id,
        draft.address_return.id,
        None if customs is None else customs.declaration.id,
        [stored.parcel.id for stored in parcels],
        list(draft.carrier_account_ids),
        draft.order_id,
        draft.shipment_date,
        shipment.details,
        draft.metadata,
        moment,
    )
    return shipment


async def queue_rating(tx: Tx, scope: Scope, shipment_id: Id) -> None:
    """Have a QUEUED shipment rated by a job."""
    payload = {"account": scope.account_id, "mode": scope.mode, "shipment": shipment_id}
    await enqueue(tx, Job(kind=RATE, payload=payload, key=f"shipment:{shipment_id}"))


async def complete_rating(tx: Tx, scope: Scope, shipment_id: Id, offers: Offers) -> list[StoredRate] | None:
    """Save what the carriers answered, once: None when somebody else was first."""
    done = await tx.fetchval(
        "UPDATE shipments SET status = 'SUCCESS', messages = $4, updated_at = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status = 'QUEUED' RETURNING true",
        scope.account_id,
        scope.mode,
        shipment_id,
        list(offers.messages),
        now(),
    )
    return await save_rates(tx, scope, shipment_id, offers) if done else None


async def requeue_forgotten(tx: Tx, limit: int = 200) -> int:
    """Queue shipments again that are QUEUED for too long; those that stay so all the same become ERROR. Gives how many.

    # unscoped: housekeeping of all accounts.
    """
    moment = now()
    failed = Message(source="Portside", code="", text="The carriers could not be asked. Create the shipment again.")
    rows = await tx.fetch(
        "UPDATE shipments SET updated_at = $1, "
        "status = CASE WHEN updated_at - created_at > $3 THEN 'ERROR' ELSE status END, "
        "messages = CASE WHEN updated_at - created_at > $3 THEN $4 ELSE messages END "
        "WHERE (account_id, mode, id) IN (SELECT account_id, mode, id FROM shipments "
        "WHERE status = 'QUEUED' AND updated_at < $2 ORDER BY updated_at LIMIT $5 FOR UPDATE SKIP LOCKED) "
        "RETURNING account_id, mode, id, status",
        moment,
        moment - FORGOTTEN_AFTER,
        GIVEN_UP_AFTER,
        [failed],
        limit,
    )
    for row in rows:
        if row["status"] == "QUEUED":
            await queue_rating(tx, Scope(Id(row["account_id"]), row["mode"], owner=""), Id(row["id"]))
    return len(rows)


async def _written_parcels(tx: Tx, parcels: Sequence[StoredParcel | ParcelDraft]) -> tuple[StoredParcel, ...]:
    drafts = [parcel for parcel in parcels if isinstance(parcel, ParcelDraft)]
    written = iter(await create_parcels(tx, drafts))
    return tuple(next(written) if isinstance(parcel, ParcelDraft) else parcel for parcel in parcels)


async def _written_customs(tx: Tx, draft: ShipmentDraft) -> tuple[StoredDeclaration | None, tuple[Item, ...]]:
    customs = draft.customs
    if customs is None:
        return None, ()
    stored = await create_declaration(tx, customs) if isinstance(customs, DeclarationDraft) else customs
    return stored, tuple(await list_items_of(tx, draft.scope, stored.declaration))
