"""/batches"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from portside.batches import actions, queries, wire
from portside.batches.models import Batch, Row, RowFilter
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import find_carrier_accounts
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice, cut
from portside.labels.flows import buyer, file_type
from portside.rest.endpoint import Call, endpoint
from portside.rest.pages import LARGEST_PAGE, Page, page_of

_DEFAULT_PAGE = 5
# Ten thousand shipments with their customs.
_MOST_BYTES = 20_000_000


@endpoint(
    "POST",
    "/batches",
    status=201,
    takes=wire.BatchIn,
    gives=wire.BatchOut,
    on_error=wire.malformed,
    most_bytes=_MOST_BYTES,
)
async def create_batch(call: Call, given: wire.BatchIn) -> wire.BatchOut:
    """Create a batch of shipments; they are rated in the background."""
    accounts = await _accounts(call, [given.default_carrier_account, *_named(given.batch_shipments)])
    rows = wire.row_drafts(given.batch_shipments, accounts)
    async with begin() as tx:
        draft = wire.batch_draft(call.scope, given, accounts, await file_type(tx, call.scope, given.label_filetype))
        batch = await actions.create_batch(tx, draft, rows)
        return await _shown(tx, call, batch, f"{call.own_url().rstrip('/')}/{batch.id}")


@endpoint("GET", "/batches", gives=Page[wire.BatchOut])
async def list_batches(call: Call) -> Page[wire.BatchOut]:
    """List batches, newest first, each with the first of its shipments."""
    page = call.page(_DEFAULT_PAGE)
    async with reading() as tx:
        found = await queries.list_batches(tx, call.scope, page)
        ids = [batch.id for batch in found.rows]
        counts = await queries.count_rows(tx, call.scope, ids)
        rows = await queries.first_rows(tx, call.scope, ids, _DEFAULT_PAGE + 1)
    url = call.own_url().rstrip("/")

    def out(batch: Batch) -> wire.BatchOut:
        first = PageRequest(size=_DEFAULT_PAGE)
        shown = _page(cut(rows[batch.id], first), first, f"{url}/{batch.id}", [])
        return wire.batch_out(batch, shown, counts[batch.id], call.scope)

    return call.page_of(found.map(out), page)


@endpoint("GET", "/batches/{batch_id}", gives=wire.BatchOut, query=RowFilter)
async def get_batch(call: Call) -> wire.BatchOut:
    """Retrieve a batch with a page of its shipments, in the order in which they were added."""
    page = call.page(_DEFAULT_PAGE)
    wanted = call.query(RowFilter)
    async with reading() as tx:
        batch = await queries.get_batch(tx, call.scope, call.id("batch_id"))
        counts = await queries.count_rows(tx, call.scope, [batch.id])
        found = await queries.list_rows(tx, call.scope, batch.id, page, wanted)
    shown = _page(found, page, call.own_url(), call.query_pairs())
    return wire.batch_out(batch, shown, counts[batch.id], call.scope)


async def _find(call: Call) -> None:
    async with reading() as tx:
        await queries.get_batch(tx, call.scope, call.id("batch_id"))


@endpoint(
    "POST",
    "/batches/{batch_id}/add_shipments",
    takes=list[wire.BatchShipmentIn],
    gives=wire.BatchOut,
    most_bytes=_MOST_BYTES,
    find=_find,
)
async def add_shipments_to_batch(call: Call, given: list[wire.BatchShipmentIn]) -> wire.BatchOut:
    """Add shipments to a batch that has not been purchased."""
    rows = wire.row_drafts(given, await _accounts(call, _named(given)))
    return await _changed(call, lambda tx, batch_id: actions.add_rows(tx, call.scope, batch_id, rows))


@endpoint("POST", "/batches/{batch_id}/remove_shipments", takes=list[str], gives=wire.BatchOut, find=_find)
async def remove_shipments_from_batch(call: Call, given: list[str]) -> wire.BatchOut:
    """Remove shipments, by the ids that they have in the batch, from a batch that has not been purchased."""
    return await _changed(call, lambda tx, batch_id: actions.remove_rows(tx, call.scope, batch_id, given))


@endpoint("POST", "/batches/{batch_id}/purchase", status=202, gives=wire.BatchOut)
async def purchase_batch(call: Call) -> wire.BatchOut:
    """Buy the labels of a valid batch, in the background. The body does not matter."""

    async def start(tx: Tx, batch_id: Id) -> Batch:
        return await actions.start_purchase(tx, call.scope, batch_id, await buyer(tx, call.scope))

    return await _changed(call, start)


async def _changed(call: Call, change: Callable[[Tx, Id], Awaitable[Batch]]) -> wire.BatchOut:
    """The batch of the path after a change, with the first of its rows."""
    batch_id = call.id("batch_id")
    async with begin() as tx:
        batch = await change(tx, batch_id)
        return await _shown(tx, call, batch, call.own_url().rstrip("/").rpartition("/")[0])


async def _shown(tx: Tx, call: Call, batch: Batch, url: str) -> wire.BatchOut:
    """A batch with as many of its rows as a page may have; `url` is where the others are."""
    page = PageRequest(size=LARGEST_PAGE)
    counts = await queries.count_rows(tx, call.scope, [batch.id])
    found = await queries.list_rows(tx, call.scope, batch.id, page, RowFilter())
    shown = _page(found, page, url, [("results", str(page.size))])
    return wire.batch_out(batch, shown, counts[batch.id], call.scope)


def _page(
    found: Slice[Row], page: PageRequest, url: str, query: Sequence[tuple[str, str]]
) -> Page[wire.BatchShipmentOut]:
    places = [queries.place_of(row) for row in found.rows]
    return page_of(found.map(wire.row_out), page, url, query, places)


async def _accounts(call: Call, named: Iterable[str | None]) -> dict[Id, CarrierAccount]:
    async with reading() as tx:
        return await find_carrier_accounts(tx, call.scope, wire.account_ids(named))


def _named(rows: Sequence[wire.BatchShipmentIn]) -> set[str | None]:
    return {row.carrier_account for row in rows}


routes = [
    create_batch,
    list_batches,
    get_batch,
    add_shipments_to_batch,
    remove_shipments_from_batch,
    purchase_batch,
]
