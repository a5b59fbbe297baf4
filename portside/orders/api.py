"""/orders"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portside.db.batcher import Batcher
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.orders import actions, flows, queries, wire
from portside.orders.models import OrderDraft
from portside.rest.endpoint import Call, endpoint
from portside.rest.idempotency import check_key
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
    draft = await flows.draft_order(call.scope, given)
    if key:
        _, body = await flows.create_order_once(call.scope, draft, key, call.raw)
        return body
    await batcher().submit(draft)
    return draft.body


@endpoint("PUT", "/orders/{order_id}", takes=dict[str, Any], gives=wire.OrderOut)
async def replace_order(call: Call, fields: dict[str, Any]) -> bytes:
    """Replace an order by what a POST would take. Its status stays if none is given."""
    return await flows.revise_order(call.scope, call.id("order_id"), fields, whole=True)


@endpoint("PATCH", "/orders/{order_id}", takes=dict[str, Any], gives=wire.OrderOut)
async def change_order(call: Call, fields: dict[str, Any]) -> bytes:
    """Change the given fields of an order. `order_status: CANCELLED` cancels it, until a label is bought."""
    return await flows.revise_order(call.scope, call.id("order_id"), fields, whole=False)


@endpoint("POST", "/orders/{order_id}/cancel", gives=wire.OrderOut)
async def cancel_order(call: Call) -> bytes:
    """Cancel an order that has no label."""
    return await flows.revise_order(call.scope, call.id("order_id"), {"order_status": "CANCELLED"}, whole=False)


@endpoint("GET", "/orders/{order_id}/packingslip", gives=wire.PackingSlipOut)
async def get_packing_slip(call: Call) -> wire.PackingSlipOut:
    """Draw the packing slip of an order, one page for each of its labels. The link works for 24 hours."""
    return wire.packing_slip_out(await flows.make_packing_slip(call.scope, call.id("order_id")))


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


async def orders_by_id(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, wire.OrderOut]:
    """For `?expand=order`."""
    found = await queries.find_orders(tx, scope, ids)
    return {id_: wire.order_out(order, scope) for id_, order in found.items()}


routes = [create_order, list_orders, get_order, replace_order, change_order, cancel_order, get_packing_slip]
