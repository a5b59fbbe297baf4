"""A file of orders from its upload to its last row: read and looked at first, written in portions by a job."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec

from portside.db.begin import begin, reading
from portside.errors import FieldErrors
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.order_imports import actions, checks, queries, rules
from portside.order_imports.models import FileDraft, Line, Problem, Row
from portside.orders.models import OrderDraft
from portside.orders.queries import find_imported

# Orders that share a commit: few enough that a page sees how far it is.
PORTION = 200
# A file may have as many lines as the most orders with so many items each.
LINES_PER_ORDER = 5
_LONGEST_NAME = 120


async def read_file(scope: Scope, file_name: str, content: bytes) -> Id:
    """Keep a CSV file with what is to be said of each of its orders; nothing becomes an order yet. The same file again
    is the import that it was. Raises FieldErrors on `file` when it is no such file, or too long."""
    digest = hashlib.sha256(content).digest()
    async with reading() as tx:
        same = await queries.find_same_file(tx, scope, digest)
    if same is not None:
        return same
    draft = await asyncio.to_thread(_read, scope, file_name, content, digest)
    numbers = [row.order_number for row in draft.rows if row.order_number]
    async with begin() as tx:
        known = await find_imported(tx, scope, numbers)
        rows = tuple(_known(row, known.get(row.order_number or "")) for row in draft.rows)
        return await actions.create_file(tx, msgspec.structs.replace(draft, rows=rows))


def _read(scope: Scope, file_name: str, content: bytes, digest: bytes) -> FileDraft:
    settings = services().settings
    most_orders = settings.max_bulk_orders
    table = rules.read_table(content, most_orders * LINES_PER_ORDER)
    rows = checks.rows_of(scope, table, now(), most_orders=most_orders, most_items=settings.max_line_items)
    return FileDraft(
        scope=scope,
        digest=digest,
        file_name=file_name[-_LONGEST_NAME:],
        header=table.header,
        unused=table.unused,
        rows=rows,
    )


def _known(row: Row, order_id: Id | None) -> Row:
    if order_id is None or row.state != "ready":
        return row
    return msgspec.structs.replace(row, state="known", order_id=order_id, given=b"")


async def import_portion(scope: Scope, import_id: Id) -> bool:
    """Write some of the rows that are ready: their orders, and that they are made, in one transaction, so that whoever
    does it again finds what is left. Tells whether more are."""
    async with begin() as tx:
        if (await queries.get_file(tx, scope, import_id, lock=True)).state != "importing":
            return False
        await actions.hold_numbers(tx, scope)
        rows = await queries.list_rows(tx, scope, import_id, "ready", PORTION)
        known = await find_imported(tx, scope, [row.order_number for row in rows if row.order_number])
        lines, settled = _lines(scope, rows, known)
        if lines:
            await actions.create_lines(tx, lines)
        if settled:
            await actions.settle_rows(tx, scope, import_id, settled)
        is_over = len(rows) < PORTION
        await actions.set_file_state(tx, scope, import_id, "done" if is_over else "importing")
    return not is_over


def _lines(scope: Scope, rows: list[Row], known: dict[str, Id]) -> tuple[list[Line], dict[int, Row]]:
    """What to write, and what becomes of each row."""
    lines: list[Line] = []
    settled: dict[int, Row] = {}
    for row in rows:
        order_id = known.get(row.order_number or "")
        outcome = _known(row, order_id) if order_id else _draft(scope, row)
        if isinstance(outcome, OrderDraft):
            lines.append(Line(number=row.line, raw=row.given, draft=outcome))
            outcome = msgspec.structs.replace(row, state="made", order_id=outcome.order.id)
        settled[row.position] = outcome
    return lines, settled


def _draft(scope: Scope, row: Row) -> OrderDraft | Row:
    """The order; or the row again, if what was right when it was read is so no more."""
    try:
        return checks.draft_of(scope, row, services().settings.max_line_items)
    except FieldErrors as wrong:
        problem = Problem(line=row.line, column="", text="; ".join(map(str, wrong.errors.values())))
        return msgspec.structs.replace(row, state="wrong", problems=(problem,))
