"""Reads of parcels as their buyers may know them, and of what buyers were told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.addresses.models import Address
from portside.buyers.models import BuyerMessage, MessageSettings, Parcel
from portside.buyers.rules import settings_over
from portside.carriers.registry import find_adapter
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels.models import Label
from portside.labels.queries import get_label, labels_of_purchase
from portside.orders.queries import find_order
from portside.rates.queries import find_rates_by_id
from portside.shipments.models import StoredShipment
from portside.shipments.queries import find_shipments
from portside.shipments.rules import is_return
from portside.terms.queries import find_terms
from portside.tracking.queries import find_links, find_track

_MESSAGE = (
    "SELECT b.*, m.state, m.error FROM buyer_messages b LEFT JOIN mailbox_messages m ON m.account_id = b.account_id "
    "AND m.mode = b.mode AND m.id = b.message_id WHERE b.account_id = $1 AND b.mode = $2"
)


async def get_settings(tx: Tx, scope: Scope) -> MessageSettings:
    """What holds for the account: its own word over its platform's over ours."""
    row = await tx.fetchrow("SELECT * FROM buyer_message_settings WHERE account_id = $1", scope.account_id)
    terms = await find_terms(tx, scope)
    return settings_over(
        tuple(row["email"]) if row and row["email"] is not None else None,
        tuple(row["sms"]) if row and row["sms"] is not None else None,
        terms.notifications if terms else None,
        in_test_mode=bool(row and row["in_test_mode"]),
    )


async def get_parcel(tx: Tx, scope: Scope, label_id: Id) -> Parcel:
    """A label with what its buyer may know. Raises NotFound."""
    label = await get_label(tx, scope, label_id)
    shipment = await _shipment(tx, scope, label)
    order = await find_order(tx, scope, label.order_id) if label.order_id else None
    pieces = await labels_of_purchase(tx, scope, label.purchase_id)
    numbers = [(piece.carrier, piece.tracking_number) for piece in pieces if piece.tracking_number]
    links = await find_links(tx, scope, numbers)
    number = label.tracking_number
    address = shipment.details.address_to if shipment else None
    return Parcel(
        label=label,
        track=await find_track(tx, scope, label.carrier, number) if number else None,
        order=order,
        # The order's address is the buyer's as the shop knows it, and often has the e-mail that a label does without.
        address=_completed(address, order.details.to_address) if address and order else address,
        is_return=shipment is not None and is_return(shipment.details.extra),
        pieces=pieces,
        links={piece: link for (_, piece), link in links.items()},
        carrier_url=carrier_page(label.carrier, number, label.tracking_url) if number else "",
    )


def carrier_page(carrier: str, number: str, stored: str | None = None) -> str:
    """The carrier's own page about a number: what the carrier gave with the label, or as its adapter knows. Nothing
    that anybody sends us gets in here, so a redirect to it leads to the carrier."""
    adapter = find_adapter(carrier)
    url = stored or (adapter.tracking_url(number) if adapter else "")
    return url if url.startswith(("https://", "http://")) else ""


async def list_buyer_messages(tx: Tx, scope: Scope, label_ids: Sequence[Id]) -> list[BuyerMessage]:
    """What the buyers of these labels were told, newest first."""
    sql = f"{_MESSAGE} AND b.label_id = ANY($3::uuid[]) ORDER BY b.id DESC LIMIT 200"
    rows = await tx.fetch(sql, scope.account_id, scope.mode, list(label_ids))
    return [_message(row) for row in rows]


async def get_buyer_message(tx: Tx, scope: Scope, message_id: Id) -> BuyerMessage:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_MESSAGE} AND b.id = $3", scope.account_id, scope.mode, message_id)
    if row is None:
        raise NotFound
    return _message(row)


async def _shipment(tx: Tx, scope: Scope, label: Label) -> StoredShipment | None:
    if label.rate_id is None:
        return None
    rate = (await find_rates_by_id(tx, scope, [label.rate_id])).get(label.rate_id)
    return (await find_shipments(tx, scope, [rate.shipment_id])).get(rate.shipment_id) if rate else None


def _completed(address: Address, known: Address) -> Address:
    return msgspec.structs.replace(
        address,
        email=address.email or known.email,
        phone=address.phone or (known.phone if known.country == address.country else ""),
    )


def _message(row: Row) -> BuyerMessage:
    return msgspec.convert({name: row[name] for name in BuyerMessage.__struct_fields__}, BuyerMessage)
