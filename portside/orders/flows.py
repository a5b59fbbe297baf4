"""Making an order; changing one by a request that names only some of it; drawing packing slips."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from portside.accounts.queries import get_account
from portside.addresses.flows import prepare_validation
from portside.addresses.models import Address
from portside.addresses.queries import find_addresses
from portside.apps.identity import AppMark
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.clock import now, to_wire
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.orders import actions, queries, rules, wire
from portside.orders.models import Order, OrderDraft, PackingSlip
from portside.orders.render import packing_slip
from portside.rest.idempotency import claim
from portside.rest.parse import parse_values

LINK_LASTS = dt.timedelta(hours=24)


async def draft_order(scope: Scope, given: wire.OrderIn) -> OrderDraft:
    """What a request for an order would write. Raises FieldErrors."""
    known, app = await _looked_up(scope, given)
    await prepare_validation(given.to_address, given.from_address)
    return wire.order_draft(scope, given, known=known, app=app, most_lines=services().settings.max_line_items)


async def create_order_once(scope: Scope, draft: OrderDraft, key: str, body: bytes) -> tuple[Id, bytes]:
    """Write an order whose request may come again; gives its id and its JSON, of the first time's if this is another.

    A keyed order does not pass through the batcher: its key is claimed in the transaction that writes it. Raises
    Conflict when the key came with another body.
    """
    async with begin() as tx:
        existing = await claim(tx, scope, key, "POST /orders", body, draft.order.id)
        if existing is None:
            await actions.create_orders(tx, [draft])
            return draft.order.id, draft.body
        return existing, wire.order_json(await queries.get_order(tx, scope, existing), scope)


async def _looked_up(scope: Scope, given: wire.OrderIn) -> tuple[dict[str, Address], AppMark | None]:
    """The addresses that an order names by id, by field, and the app that pushes it; most need no look at all."""
    named = {"to_address": given.to_address, "from_address": given.from_address}
    fields = wire.referenced_addresses(named)
    if not fields and scope.actor.kind != "app":
        return {}, None
    async with reading() as tx:
        return await named_addresses(tx, scope, fields), await queries.find_acting_app(tx, scope)


async def revise_order(scope: Scope, order_id: Id, fields: Mapping[str, Any], *, whole: bool) -> bytes:
    """Change an order; gives it as finished JSON. Raises NotFound, FieldErrors, Conflict."""
    async with begin() as tx:
        current = await queries.get_order_to_change(tx, scope, order_id)
        known = await named_addresses(tx, scope, wire.referenced_addresses(fields))
        most_lines = services().settings.max_line_items
        draft = _revised(scope, current, fields, whole=whole, known=known, most_lines=most_lines)
        await actions.replace_order(tx, scope, draft)
    return draft.body


async def named_addresses(tx: Tx, scope: Scope, fields: Mapping[str, Id]) -> dict[str, Address]:
    """The addresses that fields name by id, by field. Raises FieldErrors naming those that are not the caller's."""
    found = await find_addresses(tx, scope, list(fields.values())) if fields else {}
    if missing := {field: [wire.ADDRESS_NOT_FOUND] for field, id_ in fields.items() if id_ not in found}:
        raise FieldErrors(missing)
    return {field: found[id_].address for field, id_ in fields.items()}


def _revised(
    scope: Scope,
    current: Order,
    fields: Mapping[str, Any],
    *,
    whole: bool,
    known: Mapping[str, Address],
    most_lines: int,
) -> OrderDraft:
    """What an order becomes: all of it new (`whole`, as PUT does, which keeps only an unsaid status), or only the
    fields that are given. `known` are the addresses that the fields name by id. Raises FieldErrors."""
    base = {"order_status": current.order_status} if whole else _as_sent(current)
    given = parse_values(wire.OrderIn, {**base, **fields})
    details = current.details
    kept = {
        field: address
        for field, address in (("to_address", details.to_address), ("from_address", details.from_address))
        if address is not None and getattr(given, field) == address.id
    }
    draft = wire.order_draft(scope, given, known={**known, **kept}, most_lines=most_lines)
    lines = draft.order.details.line_items if whole or "line_items" in fields else details.line_items
    order = msgspec.structs.replace(
        draft.order,
        id=current.id,
        shop_app=current.shop_app,
        app_id=current.app_id,
        app=current.app,
        created_at=current.created_at,
        event_seq=current.event_seq + 1,
        labels=current.labels,
        details=msgspec.structs.replace(draft.order.details, line_items=lines),
    )
    return msgspec.structs.replace(draft, order=order, body=wire.order_json(order, scope))


def _as_sent(order: Order) -> dict[str, Any]:
    """The order as a request that would make it."""
    details: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(order.details))
    sender = order.details.from_address
    return {
        **details,
        "to_address": order.details.to_address.id,
        "from_address": sender.id if sender else None,
        "placed_at": to_wire(order.placed_at),
        "order_number": order.order_number,
        "order_status": order.order_status,
    }


async def make_packing_slip(scope: Scope, order_id: Id) -> PackingSlip:
    """Draw an order's packing slip, one page for each label that is valid. Raises NotFound."""
    async with reading() as tx:
        order = await queries.get_order(tx, scope, order_id)
        account = await get_account(tx, scope)
    valid = [label for label in order.labels if label.status in rules.VALID_LABEL]
    content = await asyncio.to_thread(packing_slip, order, account.company_name or scope.owner, valid)
    key = f"slips/{scope.account_id}/{order.id}-{new_id()}.pdf"
    await services().files.put(key, content)
    made = now()
    return PackingSlip(file_key=key, created_at=made, expires_at=made + LINK_LASTS)
