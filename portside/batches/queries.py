"""Reads of batches and their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from portside.batches.models import Batch, Received, Row, RowFilter, RowState
from portside.batches.rules import SHOWN_AS
from portside.db.keyset import fetch_page
from portside.db.tx import Row as Record
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice, cut
from portside.kit.scope import Mode, Scope
from portside.labels.models import Buyer

_BATCH = (
    "SELECT id, status, carrier_account_id, service_token, label_file_type, metadata, label_keys, purchased_by, "
    "event_seq, created_at, updated_at FROM batches WHERE account_id = $1 AND mode = $2"
)
_COLUMNS = (
    "id, position, state, carrier_account_id, service_token, metadata, shipment_id, rate_id, purchase_id, tries, "
    "label_id, messages"
)
_ROWS = f"SELECT {_COLUMNS} FROM batch_shipments WHERE account_id = $1 AND mode = $2 AND batch_id = $3"
_IN_STATE = f"SELECT {_COLUMNS}, given FROM batch_shipments WHERE account_id = $1 AND mode = $2 AND batch_id = $3"


async def get_batch(tx: Tx, scope: Scope, batch_id: Id, *, lock: bool = False) -> Batch:
    """`lock` holds it until the transaction ends. Raises NotFound."""
    sql = f"{_BATCH} AND id = $3" + (" FOR NO KEY UPDATE" if lock else "")
    record = await tx.fetchrow(sql, scope.account_id, scope.mode, batch_id)
    if record is None:
        raise NotFound
    return batch_of(record)


async def list_batches(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Batch]:
    """Newest first."""
    return (await fetch_page(tx, _BATCH, [scope.account_id, scope.mode], page)).map(batch_of)


async def count_rows(tx: Tx, scope: Scope, batch_ids: Sequence[Id]) -> dict[Id, dict[RowState, int]]:
    """Rows by state of each of the batches."""
    records = await tx.fetch(
        "SELECT batch_id, state, count(*) AS rows FROM batch_shipments "
        "WHERE account_id = $1 AND mode = $2 AND batch_id = ANY($3::uuid[]) GROUP BY batch_id, state",
        scope.account_id,
        scope.mode,
        list(batch_ids),
    )
    counts: dict[Id, dict[RowState, int]] = {batch_id: {} for batch_id in batch_ids}
    for record in records:
        counts[record["batch_id"]][record["state"]] = record["rows"]
    return counts


async def list_rows(tx: Tx, scope: Scope, batch_id: Id, page: PageRequest, wanted: RowFilter) -> Slice[Row]:
    """A page of a batch's rows in the order of the request; `page` goes on beside a place made by `place_of`."""
    sql = _ROWS
    params: list[Any] = [scope.account_id, scope.mode, batch_id]
    if wanted.object_results is not None:
        params.append(list(SHOWN_AS[wanted.object_results]))
        sql += f" AND state = ANY(${len(params)}::text[])"
    if page.after or page.before:
        params.append(int(page.after or page.before or "0", 16) % 2**31)
        sql += f" AND position {'>' if page.after else '<'} ${len(params)}"
    sql += f" ORDER BY position {'DESC' if page.before else 'ASC'} LIMIT {page.size + 1} OFFSET {page.offset}"
    return cut(await tx.fetch(sql, *params), page).map(row_of)


async def first_rows(tx: Tx, scope: Scope, batch_ids: Sequence[Id], size: int) -> dict[Id, list[Row]]:
    """The first rows of each of the batches, at most `size`."""
    records = await tx.fetch(
        f"SELECT asked.id AS batch_id, shown.* FROM unnest($3::uuid[]) AS asked (id) CROSS JOIN LATERAL ("
        f"SELECT {_COLUMNS} FROM batch_shipments WHERE account_id = $1 AND mode = $2 AND batch_id = asked.id "
        "ORDER BY position LIMIT $4) AS shown ORDER BY asked.id, shown.position",
        scope.account_id,
        scope.mode,
        list(batch_ids),
        size,
    )
    found: dict[Id, list[Row]] = {batch_id: [] for batch_id in batch_ids}
    for record in records:
        found[record["batch_id"]].append(row_of(record))
    return found


async def list_received(tx: Tx, scope: Scope, batch_id: Id, limit: int) -> list[Received]:
    """Rows that wait to be looked at, in order."""
    records = await tx.fetch(
        f"{_IN_STATE} AND state = 'received' ORDER BY position LIMIT $4",
        scope.account_id,
        scope.mode,
        batch_id,
        limit,
    )
    return [Received(row=row_of(record), given=record["given"]) for record in records]


async def list_in_state(tx: Tx, scope: Scope, batch_id: Id, state: RowState, limit: int, after: int = 0) -> list[Row]:
    """Rows of a state in order, after a position."""
    records = await tx.fetch(
        f"{_ROWS} AND state = $4 AND position > $5 ORDER BY position LIMIT $6",
        scope.account_id,
        scope.mode,
        batch_id,
        state,
        after,
        limit,
    )
    return [row_of(record) for record in records]


async def list_forgotten(
    tx: Tx, before: dt.datetime, open_before: dt.datetime, limit: int
) -> list[tuple[Id, Mode, Id]]:
    """(account, mode, batch) of those that are worked on and have not changed since `before`, or that were bought
    while the outcome of some rows is open since `open_before`.

    # unscoped: housekeeping of all accounts.
    """
    records = await tx.fetch(
        "(SELECT account_id, mode, id FROM batches WHERE status IN ('VALIDATING', 'PURCHASING') AND updated_at < $1 "
        "ORDER BY updated_at LIMIT $3) UNION "
        "(SELECT account_id, mode, batch_id FROM batch_shipments WHERE state = 'open' AND updated_at < $2 "
        "ORDER BY updated_at LIMIT $3)",
        before,
        open_before,
        limit,
    )
    return [(Id(record["account_id"]), record["mode"], Id(record["id"])) for record in records]


def place_of(row: Row) -> str:
    """A row's place in its batch, in the form of an id: what the tokens of pages are made from."""
    return f"{row.position:032x}"


def batch_of(record: Record) -> Batch:
    fields = dict(record)
    fields["label_keys"] = tuple(fields["label_keys"])
    fields["purchased_by"] = msgspec.convert(fields["purchased_by"], Buyer) if fields["purchased_by"] else None
    return Batch(**fields)


def row_of(record: Record) -> Row:
    fields = {name: record[name] for name in Row.__struct_fields__}
    fields["messages"] = tuple(fields["messages"])
    return Row(**fields)
