"""Writing shipments: made with their parts, rated once, queued again when a process forgot them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from portside.addresses.actions import address_part
from portside.customs.actions import create_declaration
from portside.customs.models import DeclarationDraft, Item, StoredDeclaration
from portside.customs.queries import list_items_of
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.parcels.actions import parcel_part
from portside.parcels.models import ParcelDraft, StoredParcel
from portside.rates.actions import save_all_rates
from portside.rates.models import Message, Offers, StoredRate
from portside.shipments.models import ShipmentDetails, ShipmentDraft, StoredShipment
from portside.shipments.rules import FORGOTTEN_AFTER, GIVEN_UP_AFTER

RATE = "shipments.rate"

# The parcels' ids travel as one text per row, because unnest would flatten arrays of arrays.
_INSERT = (
    "INSERT INTO shipments (account_id, mode, id, status, address_from_id, address_to_id, address_return_id, "
    "customs_declaration_id, parcel_ids, carrier_account_ids, order_id, shipment_date, details, messages, metadata, "
    "created_at, updated_at) "
    "SELECT a, m, i, 'QUEUED', f, t, b, c, string_to_array(p, ',')::uuid[], string_to_array(ca, ',')::uuid[], o, s, d, "
    "'[]', x, n, n FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], "
    "$8::text[], $9::text[], $10::uuid[], $11::timestamptz[], $12::jsonb[], $13::text[], $14::timestamptz[]) "
    "AS given (a, m, i, f, t, b, c, p, ca, o, s, d, x, n)"
)
_COMPLETE = (
    "UPDATE shipments SET status = 'SUCCESS', messages = rated.messages::jsonb, updated_at = $5 "
    "FROM unnest($3::uuid[], $4::text[]) AS rated (id, messages) "
    "WHERE account_id = $1 AND mode = $2 AND shipments.id = rated.id AND status = 'QUEUED' RETURNING shipments.id"
)


async def create_shipment(tx: Tx, draft: ShipmentDraft) -> StoredShipment:
    """Write a shipment and the parts that came with it; it is QUEUED until `complete_rating`."""
    return (await create_shipments(tx, [draft]))[0]


async def create_shipments(tx: Tx, drafts: Sequence[ShipmentDraft]) -> list[StoredShipment]:
    """Write shipments and the parts that came with them; gives them in the same order."""
    moment = now()
    customs = [await _written_customs(tx, draft) for draft in drafts]
    shipments = [_shipment(draft, *declared, moment) for draft, declared in zip(drafts, customs, strict=True)]
    rows = [_row(draft.scope, shipment) for draft, shipment in zip(drafts, shipments, strict=True)]
    await insert_all(
        tx,
        address_part([address for draft in drafts for address in draft.new_addresses], moment),
        parcel_part([new for draft in drafts for new in draft.parcels if isinstance(new, ParcelDraft)], moment),
        Part(_INSERT, tuple(zip(*rows, strict=True))),
    )
    return shipments


async def queue_rating(tx: Tx, scope: Scope, shipment_id: Id) -> None:
    """Have a QUEUED shipment rated by a job."""
    payload = {"account": scope.account_id, "mode": scope.mode, "shipment": shipment_id}
    await enqueue(tx, Job(kind=RATE, payload=payload, key=f"shipment:{shipment_id}"))


async def complete_rating(tx: Tx, scope: Scope, shipment_id: Id, offers: Offers) -> list[StoredRate] | None:
    """Save what the carriers answered, once: None when somebody else was first."""
    return (await complete_ratings(tx, scope, {shipment_id: offers})).get(shipment_id)


async def complete_ratings(tx: Tx, scope: Scope, answers: Mapping[Id, Offers]) -> dict[Id, list[StoredRate]]:
    """The same for many shipments; those for which somebody else was first are not in what it gives."""
    # As text: an array of JSON arrays would be taken for one of two dimensions.
    messages = [msgspec.json.encode(offers.messages).decode() for offers in answers.values()]
    rows = await tx.fetch(_COMPLETE, scope.account_id, scope.mode, list(answers), messages, now())
    done = {Id(row["id"]) for row in rows}
    return await save_all_rates(tx, scope, {each: offers for each, offers in answers.items() if each in done})


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


def _shipment(
    draft: ShipmentDraft, customs: StoredDeclaration | None, items: tuple[Item, ...], moment: dt.datetime
) -> StoredShipment:
    parcels = tuple(
        StoredParcel(parcel=given.parcel, created_at=moment, updated_at=moment)
        if isinstance(given, ParcelDraft)
        else given
        for given in draft.parcels
    )
    return StoredShipment(
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


def _row(scope: Scope, shipment: StoredShipment) -> tuple[object, ...]:
    details = shipment.details
    return (
        scope.account_id,
        scope.mode,
        shipment.id,
        details.address_from.id,
        details.address_to.id,
        details.address_return.id,
        None if details.customs is None else details.customs.declaration.id,
        ",".join(stored.parcel.id for stored in details.parcels),
        ",".join(shipment.carrier_account_ids),
        shipment.order_id,
        shipment.shipment_date,
        details,
        shipment.metadata,
        shipment.created_at,
    )


async def _written_customs(tx: Tx, draft: ShipmentDraft) -> tuple[StoredDeclaration | None, tuple[Item, ...]]:
    customs = draft.customs
    if customs is None:
        return None, ()
    stored = await create_declaration(tx, customs) if isinstance(customs, DeclarationDraft) else customs
    return stored, tuple(await list_items_of(tx, draft.scope, stored.declaration))
