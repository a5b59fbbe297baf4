"""/parcels"""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.parcels import actions, queries, wire
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("POST", "/parcels", status=201, takes=wire.ParcelIn, gives=wire.ParcelOut)
async def create_parcel(call: Call, given: wire.ParcelIn) -> wire.ParcelOut:
    """Create a parcel."""
    draft = wire.parcel_draft(call.scope, given)
    async with begin() as tx:
        (stored,) = await actions.create_parcels(tx, [draft])
    return wire.parcel_out(stored, call.scope, as_sent=True)


@endpoint("GET", "/parcels", gives=Page[wire.ParcelOut])
async def list_parcels(call: Call) -> Page[wire.ParcelOut]:
    """List parcels, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_parcels(tx, call.scope, page)
    return call.page_of(found.map(lambda stored: wire.parcel_out(stored, call.scope)), page)


@endpoint("GET", "/parcels/{parcel_id}", gives=wire.ParcelOut)
async def get_parcel(call: Call) -> wire.ParcelOut:
    """Retrieve a parcel."""
    async with reading() as tx:
        stored = await queries.get_parcel(tx, call.scope, call.id("parcel_id"))
    return wire.parcel_out(stored, call.scope)


async def parcels_by_id(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, wire.ParcelOut]:
    """For `?expand=parcel`."""
    found = await queries.find_parcels(tx, scope, ids)
    return {Id(id_): wire.parcel_out(stored, scope) for id_, stored in found.items()}


routes = [create_parcel, list_parcels, get_parcel]
