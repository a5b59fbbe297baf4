"""Rating: write the shipment, ask the carriers with no transaction open, write what they answered."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.addresses.flows import prepare_validation
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import list_active
from portside.db.begin import begin, reading
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.rates.flows import shop
from portside.rates.models import StoredRate
from portside.rates.queries import find_rates
from portside.shipments import actions, queries, wire
from portside.shipments.models import StoredShipment
from portside.shipments.rules import rate_query
from portside.terms.models import Terms
from portside.terms.queries import find_terms


async def create_and_rate(
    scope: Scope, given: wire.ShipmentIn, *, accounts: Sequence[Id] | None = None
) -> tuple[StoredShipment, list[StoredRate]]:
    """A new shipment and its rates, cheapest first; with `given.is_async` a QUEUED one that a job rates.

    `accounts` replaces the request's own carrier accounts. Raises FieldErrors; what carriers refuse is in `messages`.
    """
    if accounts is not None:
        given = msgspec.structs.replace(given, carrier_accounts=list(accounts))
    await prepare_validation(given.address_from, given.address_to, given.address_return)
    async with begin() as tx:
        active = await list_active(tx, scope, None)
        terms = await find_terms(tx, scope)
        found = await queries.find_references(tx, scope, wire.wanted(given), active)
        draft = wire.shipment_draft(scope, given, found, services().settings.max_parcels)
        shipment = await actions.create_shipment(tx, draft)
        if given.is_async:
            await actions.queue_rating(tx, scope, shipment.id)
            return shipment, []
    return await _rate(scope, shipment, active, terms)


async def rate(scope: Scope, shipment_id: Id) -> None:
    """Rate a shipment that is still QUEUED; any other is left as it is. Raises NotFound."""
    async with reading() as tx:
        shipment = await queries.get_shipment(tx, scope, shipment_id)
        active = await list_active(tx, scope, None)
        terms = await find_terms(tx, scope)
    if shipment.status == "QUEUED":
        await _rate(scope, shipment, active, terms)


async def _rate(
    scope: Scope, shipment: StoredShipment, active: Sequence[CarrierAccount], terms: Terms | None
) -> tuple[StoredShipment, list[StoredRate]]:
    chosen = shipment.carrier_account_ids
    asked = [account for account in active if not chosen or account.id in chosen]
    offers = await shop(rate_query(shipment), asked, services().settings.rate_budget_seconds, terms=terms)
    async with begin() as tx:
        rates = await actions.complete_rating(tx, scope, shipment.id, offers)
        stored = await queries.get_shipment(tx, scope, shipment.id)
        if rates is None:
            rates = (await find_rates(tx, scope, [shipment.id])).get(shipment.id, [])
    return stored, rates
