"""/customs/items and /customs/declarations"""

from __future__ import annotations

from collections.abc import Sequence

from portside.customs import actions, queries, wire
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page


@endpoint("POST", "/customs/items", status=201, takes=wire.ItemIn, gives=wire.ItemOut)
async def create_item(call: Call, given: wire.ItemIn) -> wire.ItemOut:
    """Create a customs item."""
    draft = wire.item_draft(call.scope, given)
    async with begin() as tx:
        (stored,) = await actions.create_items(tx, [draft])
    return wire.item_out(stored, call.scope, as_sent=True)


@endpoint("GET", "/customs/items", gives=Page[wire.ItemOut])
async def list_items(call: Call) -> Page[wire.ItemOut]:
    """List customs items, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_items(tx, call.scope, page)
    return call.page_of(found.map(lambda stored: wire.item_out(stored, call.scope)), page)


@endpoint("GET", "/customs/items/{item_id}", gives=wire.ItemOut)
async def get_item(call: Call) -> wire.ItemOut:
    """Retrieve a customs item."""
    async with reading() as tx:
        stored = await queries.get_item(tx, call.scope, call.id("item_id"))
    return wire.item_out(stored, call.scope)


async def items_by_id(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, wire.ItemOut]:
    """For `?expand=items`."""
    found = await queries.find_items(tx, scope, ids)
    return {Id(id_): wire.item_out(stored, scope) for id_, stored in found.items()}


@endpoint("POST", "/customs/declarations", status=201, takes=wire.DeclarationIn, gives=wire.DeclarationOut)
async def create_declaration(call: Call, given: wire.DeclarationIn) -> wire.DeclarationOut:
    """Create a customs declaration. Items are ids or objects, which are created with it."""
    draft = wire.declaration_draft(call.scope, given)
    async with begin() as tx:
        stored = await actions.create_declaration(tx, draft)
    return wire.declaration_out(stored, call.scope, as_sent=True)


@endpoint("GET", "/customs/declarations", gives=Page[wire.DeclarationOut], expands={"items": items_by_id})
async def list_declarations(call: Call) -> Page[wire.DeclarationOut]:
    """List customs declarations, newest first."""
    page = call.page(default=5)
    async with reading() as tx:
        found = await queries.list_declarations(tx, call.scope, page)
    return call.page_of(found.map(lambda stored: wire.declaration_out(stored, call.scope)), page)


@endpoint("GET", "/customs/declarations/{declaration_id}", gives=wire.DeclarationOut, expands={"items": items_by_id})
async def get_declaration(call: Call) -> wire.DeclarationOut:
    """Retrieve a customs declaration."""
    async with reading() as tx:
        stored = await queries.get_declaration(tx, call.scope, call.id("declaration_id"))
    return wire.declaration_out(stored, call.scope)


routes = [create_item, list_items, get_item, create_declaration, list_declarations, get_declaration]
