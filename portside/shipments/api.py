"""/shipments"""

from __future__ import annotations

from portside.carrier_accounts.api import carrier_accounts_by_id
from portside.db.begin import reading
from portside.orders.api import orders_by_id
from portside.rates.queries import find_rates, list_rates
from portside.rates.wire import RateOut, currency_given, rate_out
from portside.rest.endpoint import Call, endpoint
from portside.rest.expand import Loader
from portside.rest.pages import Page
from portside.shipments import flows, queries, wire

_EXPANDS: dict[str, Loader] = {"order": orders_by_id, "carrier_accounts": carrier_accounts_by_id}


@endpoint("POST", "/shipments", status=201, takes=wire.ShipmentIn, gives=wire.ShipmentOut)
async def create_shipment(call: Call, given: wire.ShipmentIn) -> wire.ShipmentOut:
    """Create a shipment and get rates for it."""
    shipment, rates = await flows.create_and_rate(call.scope, given)
    return wire.shipment_out(shipment, rates, call.scope)


@endpoint("GET", "/shipments", gives=Page[wire.ShipmentOut], query=wire.ShipmentFilter, expands=_EXPANDS)
async def list_shipments(call: Call) -> Page[wire.ShipmentOut]:
    """List shipments, newest first."""
    page = call.page(default=25)
    window = wire.check_window(call.query(wire.ShipmentFilter))
    async with reading() as tx:
        found = await queries.list_shipments(tx, call.scope, page, window)
        rates = await find_rates(tx, call.scope, [shipment.id for shipment in found.rows])
    return call.page_of(found.map(lambda one: wire.shipment_out(one, rates.get(one.id, []), call.scope)), page)


@endpoint("GET", "/shipments/{shipment_id}", gives=wire.ShipmentOut, expands=_EXPANDS)
async def get_shipment(call: Call) -> wire.ShipmentOut:
    """Retrieve a shipment."""
    async with reading() as tx:
        shipment = await queries.get_shipment(tx, call.scope, call.id("shipment_id"))
        rates = await find_rates(tx, call.scope, [shipment.id])
    return wire.shipment_out(shipment, rates.get(shipment.id, []), call.scope)


@endpoint("GET", "/shipments/{shipment_id}/rates", gives=Page[RateOut])
async def list_shipment_rates(call: Call) -> Page[RateOut]:
    """List the rates of a shipment, cheapest first."""
    return await _rates(call, None)


@endpoint("GET", "/shipments/{shipment_id}/rates/{currency_code}", gives=Page[RateOut])
async def list_shipment_rates_in_currency(call: Call) -> Page[RateOut]:
    """List the rates of a shipment with the local amounts in a currency."""
    return await _rates(call, currency_given(call.text("currency_code")))


async def _rates(call: Call, currency: str | None) -> Page[RateOut]:
    page = call.page(default=25)
    async with reading() as tx:
        shipment = await queries.get_shipment(tx, call.scope, call.id("shipment_id"))
        found = await list_rates(tx, call.scope, shipment.id, page)
    return call.page_of(found.map(lambda rate: rate_out(rate, call.scope, currency)), page)


routes = [create_shipment, list_shipments, get_shipment, list_shipment_rates, list_shipment_rates_in_currency]
