"""/partner/ledger: what the labels of a platform's merchants cost it, and what it charged for them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from portside.accounts.queries import get_scope
from portside.db.begin import begin, reading
from portside.errors import FieldErrors, NotFound
from portside.kit.paging import PageRequest
from portside.kit.scope import Scope
from portside.kit.sheets import csv_lines
from portside.ledger import actions, queries, wire
from portside.ledger.models import LineFilter
from portside.rest.answer import Streamed
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import Page
from portside.terms.api import platform_scope
from portside.terms.queries import check_reach

_LINES_AT_ONCE = 500
FILE_HEADERS = ((b"content-disposition", b'attachment; filename="portside-ledger.csv"'),)


@endpoint("GET", "/partner/ledger", gives=Page[wire.LedgerLineOut], query=wire.LedgerFilter)
async def list_ledger_lines(call: Call) -> Page[wire.LedgerLineOut]:
    """List purchases and refunds of your merchants' labels, newest first."""
    scope, page = platform_scope(call), call.page(25)
    wanted = wire.line_filter(call.query(wire.LedgerFilter))
    async with reading() as tx:
        found = await queries.list_lines(tx, scope, page, wanted)
    return call.page_of(found.map(lambda line: wire.line_out(line, scope)), page)


@endpoint("GET", "/partner/ledger/totals", gives=wire.LedgerTotals, query=wire.LedgerFilter)
async def get_ledger_totals(call: Call) -> wire.LedgerTotals:
    """Sum up the lines that a filter leaves, by currency."""
    scope = platform_scope(call)
    wanted = wire.line_filter(call.query(wire.LedgerFilter))
    async with reading() as tx:
        return wire.totals_out(await queries.sum_lines(tx, scope, wanted))


@endpoint("GET", "/partner/ledger.csv", query=wire.LedgerFilter)
async def export_ledger(call: Call) -> Streamed:
    """Download all lines that a filter leaves as CSV."""
    wanted = wire.line_filter(call.query(wire.LedgerFilter))
    parts = ledger_csv(platform_scope(call), wanted)
    return Streamed(200, b"", b"text/csv; charset=utf-8", FILE_HEADERS, parts=parts)


async def ledger_csv(scope: Scope, wanted: LineFilter) -> AsyncIterator[bytes]:
    """The lines as CSV, newest first, each portion read by itself, so that a slow download holds nothing."""
    yield csv_lines([wire.COLUMNS])
    page: PageRequest | None = PageRequest(size=_LINES_AT_ONCE)
    while page is not None:
        async with reading() as tx:
            found = await queries.list_lines(tx, scope, page, wanted)
        if found.rows:
            yield csv_lines(map(wire.line_cells, found.rows))
        page = PageRequest(size=_LINES_AT_ONCE, after=found.rows[-1].id) if found.has_next else None


@endpoint("POST", "/partner/ledger", status=201, takes=wire.AdjustmentIn, gives=wire.LedgerLineOut)
async def create_adjustment(call: Call, given: wire.AdjustmentIn) -> wire.LedgerLineOut:
    """Add a correction to the ledger, such as what a carrier asked for afterwards."""
    scope, account_id, label_id = platform_scope(call), wire.account_of(given), wire.label_of(given)
    async with begin() as tx:
        of = None
        if label_id is not None:
            of = await queries.find_purchase_line(tx, scope, account_id, label_id)
            if of is None:
                raise FieldErrors({"transaction": [wire.NO_LABEL]})
        else:
            try:
                await check_reach(tx, scope, account_id)
            except NotFound as unknown:
                raise FieldErrors({"account": [wire.NO_ACCOUNT]}) from unknown
        merchant = await get_scope(tx, account_id, scope.mode, scope.actor)
        (line_id,) = await actions.record_lines(tx, [wire.adjustment(scope, merchant, given, of)])
        line = await queries.get_line(tx, scope, line_id)
    return wire.line_out(line, scope)


routes = [list_ledger_lines, get_ledger_totals, export_ledger, create_adjustment]
