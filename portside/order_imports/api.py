"""/orders/bulk"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portside.addresses.models import Address
from portside.apps.identity import AppMark
from portside.db.begin import begin, reading
from portside.errors import AppError
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.order_imports import actions, wire
from portside.order_imports.models import Line
from portside.orders.flows import named_addresses
from portside.orders.queries import find_acting_app
from portside.orders.wire import OrderIn, order_draft, referenced_addresses
from portside.rest.endpoint import Call, endpoint
from portside.rest.idempotency import check_key
from portside.rest.parse import parse

# Orders that share a commit.
CHUNK = 500
# Lines that are read in one go: some two milliseconds, then other requests and the chunk being written get their turn.
TURN = 25
MOST_BYTES = 50_000_000


@endpoint(
    "POST",
    "/orders/bulk",
    takes=bytes,
    gives=wire.ImportOut,
    claims_key=True,
    most_bytes=MOST_BYTES,
)
async def import_orders(call: Call, raw: bytes) -> wire.ImportOut:
    """Push many orders: JSON lines or an array, each as for POST /orders.

    Lines fail one by one; the others are written. With an Idempotency-Key the request may be repeated, also after it
    was cut off: what exists is not made again.
    """
    key = check_key(call.header(b"idempotency-key"))
    lines = wire.lines_of(raw, call.header(b"content-type").encode("latin-1"), services().settings.max_bulk_orders)
    results: list[wire.LineResult] = []
    async with reading() as tx:
        app = await find_acting_app(tx, call.scope)
    writing: asyncio.Task[list[wire.LineResult]] | None = None
    for first in range(0, len(lines), CHUNK):
        ready, failed = await _read_chunk(call.scope, first, lines[first : first + CHUNK], key, app)
        results += await writing if writing else []
        # PostgreSQL writes this chunk while the next one is read.
        writing = asyncio.create_task(_write_chunk(ready, failed))
    results += await writing if writing else []
    statuses = [result.status for result in results]
    created, repeated = statuses.count(201), statuses.count(200)
    return wire.ImportOut(created=created, repeated=repeated, failed=len(results) - created - repeated, results=results)


async def _read_chunk(
    scope: Scope, first: int, lines: Sequence[bytes], key: str, app: AppMark | None
) -> tuple[list[Line], list[wire.LineResult]]:
    """The lines that can be written, and what is to be said of the others."""
    ready: list[Line] = []
    failed: list[wire.LineResult] = []
    for number, raw in enumerate(lines, first + 1):
        if number % TURN == 0:
            await asyncio.sleep(0)
        try:
            ready.append(await _line(scope, number, raw, key, app))
        except AppError as error:
            failed.append(wire.LineResult(line=number, status=error.status, errors=error.body()))
    return ready, failed


async def _write_chunk(ready: Sequence[Line], failed: Sequence[wire.LineResult]) -> list[wire.LineResult]:
    written = [_result(line, outcome) for line, outcome in zip(ready, await _written(ready), strict=True)]
    return sorted([*failed, *written], key=lambda result: result.line)


async def _line(scope: Scope, number: int, raw: bytes, key: str, app: AppMark | None) -> Line:
    given = parse(OrderIn, raw)
    known = await _known_addresses(scope, given)
    draft = order_draft(scope, given, known=known, app=app, most_lines=services().settings.max_line_items)
    return Line(number=number, raw=raw, draft=draft, key=f"{key}\n{number}" if key else "")


async def _known_addresses(scope: Scope, given: OrderIn) -> dict[str, Address]:
    named = referenced_addresses({"to_address": given.to_address, "from_address": given.from_address})
    if not named:
        return {}
    async with reading() as tx:
        return await named_addresses(tx, scope, named)


async def _written(lines: Sequence[Line]) -> list[Id | AppError | None]:
    """Write lines together; if that fails, each by itself, so that a bad one costs only itself."""
    if not lines:
        return []
    try:
        async with begin() as tx:
            return list(await actions.create_lines(tx, lines))
    except AppError as error:
        if len(lines) == 1:
            return [error]
    return [outcome for line in lines for outcome in await _written([line])]


def _result(line: Line, outcome: Id | AppError | None) -> wire.LineResult:
    number = line.draft.order.order_number
    if isinstance(outcome, AppError):
        return wire.LineResult(line=line.number, status=outcome.status, order_number=number, errors=outcome.body())
    status, object_id = (201, line.draft.order.id) if outcome is None else (200, outcome)
    return wire.LineResult(line=line.number, status=status, object_id=object_id, order_number=number)


routes = [import_orders]
