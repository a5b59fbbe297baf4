"""What goes with a label: the commercial invoice of a purchase that crosses a border, and the QR code by which a post
office's counter prints the label."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from portside.addresses.models import Address
from portside.addresses.queries import find_addresses
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import RateQuery
from portside.customs.models import StoredDeclaration
from portside.db.begin import reading
from portside.kit.barcodes import qr_code_png
from portside.kit.fonts import FontsMissing
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import rules
from portside.labels.invoices import Invoice, commercial_invoice
from portside.labels.models import StoredPurchase
from portside.parcels.rules import carrier_parcel
from portside.rates.models import StoredRate
from portside.shipments.models import StoredShipment
from portside.shipments.rules import is_return

_log = structlog.get_logger(__name__)


async def store_qr_code(scope: Scope, label_id: Id, carrier: str, query: RateQuery, tracking_number: str) -> str | None:
    """Its key; None when nobody asked for it or the carrier has no such thing. Raises StoreUnavailable."""
    if not rules.has_qr_code(carrier, query):
        return None
    key = rules.qr_code_key(scope.account_id, label_id)
    await services().files.put(key, qr_code_png(tracking_number))
    return key


async def store_invoice(
    scope: Scope, purchase: StoredPurchase, rate: StoredRate, shipment: StoredShipment, numbers: Sequence[str]
) -> str | None:
    """Its key; None when no border is crossed. Raises StoreUnavailable."""
    details = shipment.details
    if details.customs is None or not rules.crosses_border(details.address_from, details.address_to):
        return None
    importer = await _importer(scope, details.customs)
    invoice = _invoice(scope, purchase, rate, shipment, details.customs, importer, numbers)
    try:
        content = await asyncio.to_thread(commercial_invoice, invoice)
    except FontsMissing as error:
        # The label is bought, and can go with an invoice that was made elsewhere.
        _log.error("invoice_not_drawn", purchase=purchase.id, error=str(error))
        return None
    key = rules.invoice_key(scope.account_id, purchase.id)
    await services().files.put(key, content)
    return key


async def _importer(scope: Scope, customs: StoredDeclaration) -> Address | None:
    importer_id = customs.declaration.importer_id
    if importer_id is None:
        return None
    async with reading() as tx:
        found = await find_addresses(tx, scope, [importer_id])
    return found[importer_id].address if importer_id in found else None


def _invoice(
    scope: Scope,
    purchase: StoredPurchase,
    rate: StoredRate,
    shipment: StoredShipment,
    customs: StoredDeclaration,
    importer: Address | None,
    numbers: Sequence[str],
) -> Invoice:
    details, declared = shipment.details, customs.declaration.details
    exporter, consignee = details.address_from, details.address_to
    if is_return(details.extra):
        exporter, consignee = consignee, exporter
    return Invoice(
        number=declared.invoice or purchase.id[-12:].upper(),
        date=purchase.created_at.date(),
        exporter=exporter,
        consignee=consignee,
        importer=importer,
        declaration=declared,
        items=details.customs_items,
        tracking_numbers=tuple(numbers),
        carrier=carrier_name(rate.carrier),
        service=rate.quote.service_name,
        gross_grams=sum(carrier_parcel(stored.parcel).grams for stored in details.parcels),
        is_test=scope.is_test,
    )
