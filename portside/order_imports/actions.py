"""Writing a chunk of an import in one transaction; keeping a file of orders, and what became of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from portside.db.tx import Tx
from portside.errors import Conflict
from portside.jobs.models import Job
from portside.jobs.once import enqueue_once
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.order_imports import queries
from portside.order_imports.models import FileDraft, FileState, Line, Row
from portside.orders.actions import create_orders
from portside.rest.idempotency import claim_many

WORK = "order_imports.work"

_INSERT_ROWS = (
    "INSERT INTO order_import_rows (account_id, mode, import_id, position, line, state, order_number, given, cells, "
    "problems, order_id) SELECT $1, $2, $3, p, l, s, n, g, c, w, o FROM unnest($4::integer[], $5::integer[], "
    "$6::text[], $7::text[], $8::text[], $9::jsonb[], $10::jsonb[], $11::uuid[]) AS given (p, l, s, n, g, c, w, o)"
)


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


async def create_file(tx: Tx, draft: FileDraft) -> Id:
    """Keep a file that was read; the same bytes again are the import that is there already."""
    scope, moment = draft.scope, now()
    import_id: Id | None = await tx.fetchval(
        "INSERT INTO order_imports (account_id, mode, id, digest, file_name, header, unused, state, created_at, "
        "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'checked', $8, $8) "
        "ON CONFLICT (account_id, mode, digest) DO NOTHING RETURNING id",
        scope.account_id,
        scope.mode,
        new_id(),
        draft.digest,
        draft.file_name,
        list(draft.header),
        list(draft.unused),
        moment,
    )
    if import_id is None:
        same = await queries.find_same_file(tx, scope, draft.digest)
        if same is None:
            raise Conflict("This import was just discarded. Upload the file again.")
        return same
    rows = [_values(row) for row in draft.rows]
    await tx.execute(_INSERT_ROWS, scope.account_id, scope.mode, import_id, *map(list, zip(*rows, strict=True)))
    return import_id


def _values(row: Row) -> tuple[object, ...]:
    given = row.given.decode() or None
    return (row.position, row.line, row.state, row.order_number, given, row.cells, row.problems, row.order_id)


async def start_file(tx: Tx, scope: Scope, import_id: Id) -> None:
    """Have the rows that are ready written; said twice, it is done once. Raises NotFound."""
    found = await queries.get_file(tx, scope, import_id, lock=True)
    if found.state == "checked":
        await set_file_state(tx, scope, import_id, "importing")
        await queue_work(tx, scope, import_id)


async def discard_file(tx: Tx, scope: Scope, import_id: Id) -> None:
    """Forget a file of which nothing was written. Raises NotFound, Conflict."""
    found = await queries.get_file(tx, scope, import_id, lock=True)
    if found.state != "checked":
        raise Conflict("This file is imported already.")
    await tx.execute(
        "DELETE FROM order_imports WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        import_id,
    )


async def set_file_state(tx: Tx, scope: Scope, import_id: Id, state: FileState) -> None:
    await tx.execute(
        "UPDATE order_imports SET state = $4, updated_at = $5 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        import_id,
        state,
        now(),
    )


async def queue_work(tx: Tx, scope: Scope, import_id: Id) -> None:
    """Have a portion of the rows written."""
    payload = {"account": scope.account_id, "mode": scope.mode, "import": import_id}
    await enqueue_once(tx, Job(kind=WORK, payload=payload, key=f"import {import_id}"))


async def hold_numbers(tx: Tx, scope: Scope) -> None:
    """Let no other import of the account write orders before this transaction ends: both may have the same ones."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"order import {scope.account_id} {scope.mode}"
    )


async def settle_rows(tx: Tx, scope: Scope, import_id: Id, rows: Mapping[int, Row]) -> None:
    """Keep what became of rows, by their positions; what they were made of is not needed any more."""
    found = list(rows.values())
    await tx.execute(
        "UPDATE order_import_rows SET state = v.state, order_id = v.order_id, problems = v.problems, given = NULL, "
        "cells = CASE WHEN v.state = 'wrong' THEN cells ELSE '[]' END "
        "FROM unnest($4::integer[], $5::text[], $6::uuid[], $7::jsonb[]) AS v (position, state, order_id, problems) "
        "WHERE account_id = $1 AND mode = $2 AND import_id = $3 AND order_import_rows.position = v.position",
        scope.account_id,
        scope.mode,
        import_id,
        list(rows),
        [row.state for row in found],
        [row.order_id for row in found],
        [row.problems for row in found],
    )


# unscoped: time passes for all accounts alike.
async def forget_files(tx: Tx, unconfirmed_before: dt.datetime, before: dt.datetime) -> None:
    """Forget files that nobody has confirmed, and old results."""
    await tx.execute(
        "DELETE FROM order_imports WHERE (state = 'checked' AND updated_at < $1) "
        "OR (state = 'done' AND updated_at < $2)",
        unconfirmed_before,
        before,
    )
