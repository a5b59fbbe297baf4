"""/orders"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portside.addresses import queries as addresses
from portside.addresses.flows import prepare_validation
from portside.addresses.models import Address
from portside.db.batcher import Batcher
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.orders import actions, queries, wire
from portside.orders.models import OrderDraft
from portside.rest.endpoint import Call, endpoint
from portside.rest.idempotency import check_key, claim
from portside.rest.pages import Page

_batcher: Batcher[OrderDraft] | None = None


def batcher() -> Batcher[OrderDraft]:
    """This process's commit batcher of orders, made at first use."""
    global _batcher
    if _batcher is None:
        settings = services().settings
        _batcher = Batcher(
            _write, reading, size=settings.batch_size, lanes=settings.batch_lanes, queue=settings.batch_queue
        )
    return _batcher


async def _write(tx: Tx, drafts: Sequence[OrderDraft]) -> None:
    await actions.create_orders(tx, drafts)


async def flush() -> None:
    """Write what still waits; for shutdown."""
    global _batcher
    if _batcher is not None:
        await _batcher.flush()
        _batcher = None


@endpoint("POST", "/orders", status=201, takes=wire.OrderIn, gives=wire.OrderOut, claims_key=True)
async def create_order(call: Call, given: wire.OrderIn) -> bytes:
    """Create an order."""
    key = check_key(call.header(b"idempotency-key"))
    known = await _known_addresses(call.scope, given)
    await prepare_validation(given.to_address, given.from_address)
    draft = wire.order_draft(call.scope, given, known=known, most_lines=services().settings.max_line_items)
    if key:
        return await _create_with_key(call, draft, key)
    await batcher().submit(draft)
    return draft.body


async def _create_with_key(call: Call, draft: OrderDraft, key: str) -> bytes:
    """A keyed order does not pass through the batcher: its key is claimed in the transaction that writes it."""
    async with begin() as tx:
        existing = await claim(tx, call.scope, key, "POST /orders", call.raw, draft.order.id)
        if existing is None:
            await actions.create_orders(tx, [draft])
            return draft.body
        return wire.order_json(await queries.get_order(tx, call.scope, existing), call.scope)


@endpoint("PUT", "/orders/{order_id}", takes=dict[str, Any], gives=wire.OrderOut)
async def replace_order(call: Call, fields: dict[str, Any]) -> bytes:
    """Replace an order by what a POST would take. Its status stays if none is given."""
    return await _revise(call, fields, whole=True)


@endpoint("PATCH", "/orders/{order_id}", takes=dict[str, Any], gives=wire.OrderOut)
async def change_order(call: Call, fields: dict[str, Any]) -> bytes:
    """Change the given fields of an order. `order_status: CANCELLED` cancels it, until a label is bought."""
    return await _revise(call, fields, whole=False)


@endpoint("POST", "/orders/{order_id}/cancel", gives=wire.OrderOut)
async def cancel_order(call: Call) -> bytes:
    """Cancel an order that has no label."""
    return await _revise(call, {"order_status": "CANCELLED"}, whole=False)


async def _revise(call: Call, fields: dict[str, Any], *, whole: bool) -> bytes:
    most_lines = services().settings.max_line_items
    async with begin() as tx:
        current = await queries.get_order_to_change(tx, call.scope, call.id("order_id"))
        known = await _find_addresses(tx, call.scope, wire.referenced_addresses(fields))
        draft = wire.revised_order(call.scope, current, fields, whole=whole, known=known, most_lines=most_lines)
        await actions.replace_order(tx, call.scope, draft)
    return draft.body


async def _known_addresses(scope: Scope, given: wire.OrderIn) -> dict[str, Address]:
    named = {"to_address": given.to_address, "from_address": given.from_address}
    fields = wire.referenced_addresses(named)
    if not fields:
        return {}
    async with reading() as tx:
        return await _find_addresses(tx, scope, fields)


async def _find_addresses(tx: Tx, scope: Scope, fields: Mapping[str, Id]) -> dict[str, Address]:
    found = await addresses.find_addresses(tx, scope, list(fields.values())) if fields else {}
    if missing := {field: [wire.ADDRESS_NOT_FOUND] for field, id_ in fields.items() if id_ not in found}:
        raise FieldErrors(missing)
    return {field: found[id_].address for field, id_ in fields.items()}


@endpoint("GET", "/orders", gives=Page[wire.OrderOut], query=wire.OrderFilter)
async def list_orders(call: Call) -> Page[wire.OrderOut]:
    """List orders, newest first."""
    page, wanted = call.page(default=25), call.query(wire.OrderFilter)
    async with reading() as tx:
        found = await queries.list_orders(tx, call.scope, page, wanted)
    return call.page_of(found.map(lambda order: wire.order_out(order, call.scope)), page)


@endpoint("GET", "/orders/{order_id}", gives=wire.OrderOut)
async def get_order(call: Call) -> wire.OrderOut:
    """Retrieve an order."""
    async with reading() as tx:
        order = await queries.get_order(tx, call.scope, call.id("order_id"))
    return wire.order_out(order, call.scope)


routes = [create_order, list_orders, get_order, replace_order, change_order, cancel_order]
