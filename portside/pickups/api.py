"""/pickups"""

from __future__ import annotations

import msgspec

from portside.carrier_accounts.api import carrier_accounts_by_id
from portside.db.begin import reading
from portside.errors import AppError, FieldErrors
from portside.kit.clock import now
from portside.labels.api import transactions_by_id
from portside.pickups import flows, queries, rules, wire
from portside.rest.endpoint import Answer, Call, endpoint
from portside.rest.expand import Loader
from portside.rest.pages import Page


def _answer_error(error: AppError) -> Answer:
    """What is wrong with the address stands at the top; other errors are everybody's."""
    if not isinstance(error, FieldErrors):
        raise error
    return Answer(error.status, msgspec.json.encode(rules.flattened(error.errors)))


_EXPANDS: dict[str, Loader] = {"transactions": transactions_by_id, "carrier_account": carrier_accounts_by_id}


@endpoint("POST", "/pickups", status=201, takes=wire.PickupIn, gives=wire.PickupOut, on_error=_answer_error)
async def create_pickup(call: Call, given: wire.PickupIn) -> wire.PickupOut:
    """Have the carrier fetch parcels."""
    pickup = await flows.book_pickup(call.scope, wire.wanted(call.scope, given, now()))
    return wire.pickup_out(pickup, call.scope)


@endpoint("GET", "/pickups", gives=Page[wire.PickupOut], expands=_EXPANDS)
async def list_pickups(call: Call) -> Page[wire.PickupOut]:
    """List pickups, newest first."""
    page = call.page(default=25)
    async with reading() as tx:
        found = await queries.list_pickups(tx, call.scope, page)
    return call.page_of(found.map(lambda pickup: wire.pickup_out(pickup, call.scope)), page)


@endpoint("GET", "/pickups/{pickup_id}", gives=wire.PickupOut, expands=_EXPANDS)
async def get_pickup(call: Call) -> wire.PickupOut:
    """Retrieve a pickup."""
    async with reading() as tx:
        pickup = await queries.get_pickup(tx, call.scope, call.id("pickup_id"))
    return wire.pickup_out(pickup, call.scope)


@endpoint("POST", "/pickups/{pickup_id}/cancel", gives=wire.PickupOut)
async def cancel_pickup(call: Call) -> wire.PickupOut:
    """Call a pickup off."""
    return wire.pickup_out(await flows.cancel_pickup(call.scope, call.id("pickup_id")), call.scope)


routes = [create_pickup, list_pickups, get_pickup, cancel_pickup]
