"""/orders"""

from __future__ import annotations

from collections.abc import Sequence

from portside.addresses import queries as addresses
from portside.addresses.flows import prepare_validation
from portside.addresses.models import Address
from portside.db.batcher import Batcher
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import FieldErrors
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


async def _known_addresses(scope: Scope, given: wire.OrderIn) -> dict[str, Address]:
    fields = wire.referenced_addresses(given)
    if not fields:
        return {}
    async with reading() as tx:
        found = await addresses.find_addresses(tx, scope, list(fields.values()))
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


routes = [create_order, list_orders, get_order]
