"""Writing a chunk of an import in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.order_imports.models import Line
from portside.orders.actions import create_orders
from portside.rest.idempotency import claim_many


async def create_lines(tx: Tx, drafts: Sequence[Line]) -> list[Id | None]:
    """Write the orders of the lines; for each, the id of the order that an earlier request made of it, or None.

    Raises Conflict when a line of that key was another order then.
    """
    scope = drafts[0].draft.scope
    if not drafts[0].key:
        await create_orders(tx, [line.draft for line in drafts])
        return [None] * len(drafts)
    claims = [(line.key, line.raw, line.draft.order.id) for line in drafts]
    existing = await claim_many(tx, scope, "POST /orders/bulk", claims)
    await create_orders(tx, [line.draft for line, known in zip(drafts, existing, strict=True) if known is None])
    return existing
