"""Writing rates."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.rates.models import Offers, StoredRate
from portside.rates.rules import attributes, local_price

# Attributes travel as one text per row, because unnest would flatten arrays of arrays.
_INSERT = (
    "INSERT INTO rates (account_id, mode, id, shipment_id, carrier_account_id, carrier, service_token, amount, "
    "currency, attributes, details, quote, partner_id, created_at) "
    "SELECT a, m, i, s, ca, c, st, n, u, string_to_array(b, ','), d, q, p, t FROM unnest($1::uuid[], $2::text[], "
    "$3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::numeric[], $9::text[], $10::text[], "
    "$11::jsonb[], $12::jsonb[], $13::uuid[], $14::timestamptz[]) AS given (a, m, i, s, ca, c, st, n, u, b, d, q, p, t)"
)


async def save_rates(tx: Tx, scope: Scope, shipment_id: Id, offers: Offers) -> list[StoredRate]:
    """Write the offers as rates of a shipment; gives them in the same order, which is also the order of lists."""
    return (await save_all_rates(tx, scope, {shipment_id: offers}))[shipment_id]


async def save_all_rates(tx: Tx, scope: Scope, offers: Mapping[Id, Offers]) -> dict[Id, list[StoredRate]]:
    """The same for many shipments."""
    rates = {shipment_id: _rates(shipment_id, given) for shipment_id, given in offers.items()}
    rows = [_row(scope, rate) for saved in rates.values() for rate in saved]
    await insert_all(tx, Part(_INSERT, tuple(zip(*rows, strict=True))))
    return rates


def _rates(shipment_id: Id, offers: Offers) -> list[StoredRate]:
    moment = now()
    # Lists run from the newest id to the oldest.
    ids = [new_id() for _ in offers.offers][::-1]
    labels = attributes([offer.quote for offer in offers.offers])
    rates = []
    for rate_id, offer, label in zip(ids, offers.offers, labels, strict=True):
        quote = offer.quote
        amount_local, currency_local = local_price(quote.amount, quote.currency, offers.currency_local)
        rates.append(
            StoredRate(
                id=rate_id,
                shipment_id=shipment_id,
                carrier_account_id=offer.carrier_account_id,
                carrier=offer.carrier,
                provider=offer.provider,
                service_token=quote.service_token,
                amount=quote.amount,
                currency=quote.currency,
                amount_local=amount_local,
                currency_local=currency_local,
                attributes=label,
                quote=msgspec.structs.replace(quote, amount=offer.cost),
                partner_id=offers.partner_id,
                created_at=moment,
            )
        )
    return rates


def _row(scope: Scope, rate: StoredRate) -> tuple[object, ...]:
    details = {
        "provider": rate.provider,
        "amount_local": rate.amount_local,
        "currency_local": rate.currency_local,
    }
    return (
        scope.account_id,
        scope.mode,
        rate.id,
        rate.shipment_id,
        rate.carrier_account_id,
        rate.carrier,
        rate.service_token,
        rate.amount,
        rate.currency,
        ",".join(rate.attributes),
        details,
        rate.quote,
        rate.partner_id,
        rate.created_at,
    )
