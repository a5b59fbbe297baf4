"""Changes to batches: their rows, their status, and what is told of them, together.

Whoever changes a batch holds its row first; the jobs that work on it do so one portion at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from portside.batches import queries, rules, wire
from portside.batches.models import Batch, BatchDraft, BatchStatus, Choice, Row, RowDraft, Verdict
from portside.db.tx import Tx
from portside.errors import BadRequest
from portside.events import outbox
from portside.events.models import Event, EventName
from portside.jobs.models import Job
from portside.jobs.once import enqueue_once
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.labels.models import Buyer

WORK = "batches.work"

_INSERT_ROWS = (
    "INSERT INTO batch_shipments (account_id, mode, id, batch_id, position, state, given, carrier_account_id, "
    "service_token, metadata, purchase_id, shipment_id, messages, created_at, updated_at) "
    "SELECT $1, $2, i, $3, $4 + n, s, g, c, t, x, i, (SELECT id FROM shipments WHERE account_id = $1 AND mode = $2 "
    "AND id = k), m::jsonb, $5, $5 FROM unnest($6::uuid[], $7::text[], $8::text[], $9::uuid[], $10::text[], "
    "$11::text[], $12::uuid[], $13::text[]) WITH ORDINALITY AS given (i, s, g, c, t, x, k, m, n)"
)
_INSERT_CHOICES = (
    "INSERT INTO batch_shipments (account_id, mode, id, batch_id, position, state, carrier_account_id, service_token, "
    "metadata, purchase_id, shipment_id, rate_id, messages, created_at, updated_at) "
    "SELECT $1, $2, i, $3, n, 'valid', c, t, '', i, s, r, '[]', $4, $4 FROM unnest($5::uuid[], $6::uuid[], $7::text[], "
    "$8::uuid[], $9::uuid[]) WITH ORDINALITY AS given (i, c, t, s, r, n)"
)
# Only of rows that still stand where the verdict found them: one that was removed meanwhile is gone.
_JUDGE = (
    "UPDATE batch_shipments SET state = v.state, shipment_id = coalesce(v.shipment, shipment_id), "
    "rate_id = coalesce(v.rate, rate_id), label_id = coalesce(v.label, label_id), messages = v.messages::jsonb, "
    "given = NULL, updated_at = $4 "
    "FROM unnest($5::uuid[], $6::text[], $7::text[], $8::uuid[], $9::uuid[], $10::uuid[], $11::text[]) "
    "AS v (id, before, state, shipment, rate, label, messages) "
    "WHERE account_id = $1 AND mode = $2 AND batch_id = $3 AND batch_shipments.id = v.id "
    "AND batch_shipments.state = v.before"
)

PURCHASED = "Batch has already been purchased"


async def create_batch(tx: Tx, draft: BatchDraft, rows: Sequence[RowDraft]) -> Batch:
    """Write a batch with its rows and have them looked at."""
    batch_id = await _insert_batch(tx, draft, "VALIDATING", len(rows), None)
    await _insert_rows(tx, draft.scope, batch_id, rows, after=0)
    await queue_work(tx, draft.scope, batch_id)
    return await queries.get_batch(tx, draft.scope, batch_id)


async def create_purchase(tx: Tx, draft: BatchDraft, choices: Sequence[Choice], buyer: Buyer) -> Batch:
    """Write a batch whose rates somebody has chosen already, and have it bought: there is nothing left to look at."""
    scope = draft.scope
    batch_id = await _insert_batch(tx, draft, "PURCHASING", len(choices), buyer)
    await tx.execute(
        _INSERT_CHOICES,
        scope.account_id,
        scope.mode,
        batch_id,
        now(),
        [new_id() for _ in choices],
        [choice.carrier_account_id for choice in choices],
        [choice.service_token for choice in choices],
        [choice.shipment_id for choice in choices],
        [choice.rate_id for choice in choices],
    )
    await _tell(tx, scope, batch_id, "batch_created")
    await queue_work(tx, scope, batch_id)
    return await queries.get_batch(tx, scope, batch_id)


async def add_rows(tx: Tx, scope: Scope, batch_id: Id, rows: Sequence[RowDraft]) -> Batch:
    """Add rows at the end and have them looked at. Raises NotFound, BadRequest."""
    await _changeable(tx, scope, batch_id)
    counts = (await queries.count_rows(tx, scope, [batch_id]))[batch_id]
    if sum(counts.values()) + len(rows) > rules.MOST_ROWS:
        raise wire.too_many()
    end: int = await tx.fetchval(
        "UPDATE batches SET positions = positions + $4 WHERE account_id = $1 AND mode = $2 AND id = $3 "
        "RETURNING positions",
        scope.account_id,
        scope.mode,
        batch_id,
        len(rows),
    )
    await _insert_rows(tx, scope, batch_id, rows, after=end - len(rows))
    await queue_work(tx, scope, batch_id)
    return await _save_status(tx, scope, batch_id)


async def remove_rows(tx: Tx, scope: Scope, batch_id: Id, named: Sequence[str]) -> Batch:
    """Take out the rows that a request names by their ids. Raises NotFound, BadRequest."""
    await _changeable(tx, scope, batch_id)
    row_ids = wire.row_ids(named)
    removed = await tx.fetch(
        "DELETE FROM batch_shipments WHERE account_id = $1 AND mode = $2 AND batch_id = $3 AND id = ANY($4::uuid[]) "
        "RETURNING id",
        scope.account_id,
        scope.mode,
        batch_id,
        row_ids,
    )
    if missing := set(row_ids) - {record["id"] for record in removed}:
        raise wire.no_such_row(min(missing))
    return await _save_status(tx, scope, batch_id)


async def judge_rows(tx: Tx, scope: Scope, batch_id: Id, verdicts: Sequence[Verdict]) -> Batch:
    """Write what became of rows, and the status that follows for a batch that was being validated: then
    `batch_created` is recorded, once. Holds the batch. Raises NotFound."""
    batch = await queries.get_batch(tx, scope, batch_id, lock=True)
    if verdicts:
        columns = zip(*map(_verdict_values, verdicts), strict=True)
        keys = (scope.account_id, scope.mode, batch_id)
        await tx.execute(_JUDGE, *keys, now(), *map(list, columns))
    if batch.status == "VALIDATING":
        return await _save_status(tx, scope, batch_id)
    await _touch(tx, scope, batch_id)
    return batch


async def set_shipments(tx: Tx, scope: Scope, batch_id: Id, shipments: dict[Id, Id]) -> None:
    """Note the shipments made for rows, by row, in the transaction that makes them: a row never gets a second one."""
    await tx.execute(
        "UPDATE batch_shipments SET shipment_id = made.shipment_id FROM unnest($4::uuid[], $5::uuid[]) "
        "AS made (id, shipment_id) WHERE account_id = $1 AND mode = $2 AND batch_id = $3 "
        "AND batch_shipments.id = made.id AND batch_shipments.shipment_id IS NULL",
        scope.account_id,
        scope.mode,
        batch_id,
        list(shipments),
        list(shipments.values()),
    )


async def start_purchase(tx: Tx, scope: Scope, batch_id: Id, buyer: Buyer) -> Batch:
    """Have a valid batch bought. Raises NotFound, BadRequest."""
    batch = await _changeable(tx, scope, batch_id)
    if batch.status == "VALIDATING":
        raise BadRequest("Batch is still being validated. Purchase it once its status is VALID.")
    counts = (await queries.count_rows(tx, scope, [batch_id]))[batch_id]
    if batch.status == "INVALID":
        text = "Batch is invalid. Remove the shipments that GET /batches/{id}?object_results=creation_failed lists."
        raise BadRequest(text)
    if not any(counts.values()):
        raise BadRequest("Batch has no shipments to purchase.")
    await tx.execute(
        "UPDATE batches SET status = 'PURCHASING', purchased_by = $4, updated_at = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        batch_id,
        buyer,
        now(),
    )
    await queue_work(tx, scope, batch_id)
    return await queries.get_batch(tx, scope, batch_id)


async def try_again(tx: Tx, scope: Scope, batch_id: Id, rows: Sequence[Row]) -> None:
    """Allow another purchase for rows whose last one the carrier never received (law 4), once for each purchase."""
    await tx.execute(
        "UPDATE batch_shipments SET purchase_id = again.next, tries = tries + 1, state = 'valid', messages = '[]', "
        "label_id = NULL, updated_at = $4 FROM unnest($5::uuid[], $6::uuid[], $7::uuid[]) AS again (id, last, next) "
        "WHERE account_id = $1 AND mode = $2 AND batch_id = $3 AND batch_shipments.id = again.id "
        "AND purchase_id = again.last AND state IN ('valid', 'open')",
        scope.account_id,
        scope.mode,
        batch_id,
        now(),
        [row.id for row in rows],
        [row.purchase_id for row in rows],
        [new_id() for _ in rows],
    )


async def complete_purchase(tx: Tx, scope: Scope, batch_id: Id, label_keys: Sequence[str]) -> bool:
    """All is bought that will be; `batch_purchased` is recorded, once. Later calls only replace the files: gives
    False."""
    batch = await queries.get_batch(tx, scope, batch_id, lock=True)
    await tx.execute(
        "UPDATE batches SET status = 'PURCHASED', label_keys = $4, updated_at = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        batch_id,
        list(label_keys),
        now(),
    )
    if batch.status != "PURCHASING":
        return False
    await _tell(tx, scope, batch_id, "batch_purchased")
    return True


async def queue_work(tx: Tx, scope: Scope, *batch_ids: Id) -> None:
    """Have batches worked on; portions of one batch follow each other."""
    payloads = [{"account": scope.account_id, "mode": scope.mode, "batch": batch_id} for batch_id in batch_ids]
    await enqueue_once(tx, *[Job(kind=WORK, payload=each, key=f"batch:{each['batch']}") for each in payloads])


async def _changeable(tx: Tx, scope: Scope, batch_id: Id) -> Batch:
    batch = await queries.get_batch(tx, scope, batch_id, lock=True)
    if batch.status in ("PURCHASING", "PURCHASED"):
        raise BadRequest(PURCHASED)
    return batch


async def _insert_batch(tx: Tx, draft: BatchDraft, status: BatchStatus, rows: int, buyer: Buyer | None) -> Id:
    batch_id = new_id()
    await tx.execute(
        "INSERT INTO batches (account_id, mode, id, status, carrier_account_id, service_token, label_file_type, "
        "metadata, positions, purchased_by, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        draft.scope.account_id,
        draft.scope.mode,
        batch_id,
        status,
        draft.carrier_account_id,
        draft.service_token,
        draft.label_file_type,
        draft.metadata,
        rows,
        buyer,
        now(),
    )
    return batch_id


async def _insert_rows(tx: Tx, scope: Scope, batch_id: Id, rows: Sequence[RowDraft], after: int) -> None:
    await tx.execute(
        _INSERT_ROWS,
        scope.account_id,
        scope.mode,
        batch_id,
        after,
        now(),
        [new_id() for _ in rows],
        ["invalid" if row.messages else "received" for row in rows],
        [None if row.messages else row.given for row in rows],
        [row.carrier_account_id for row in rows],
        [row.service_token for row in rows],
        [row.metadata for row in rows],
        [row.shipment_id for row in rows],
        [_as_text(row.messages) for row in rows],
    )


async def _save_status(tx: Tx, scope: Scope, batch_id: Id) -> Batch:
    """The status that follows from the rows; the caller holds the batch."""
    counts = (await queries.count_rows(tx, scope, [batch_id]))[batch_id]
    status: BatchStatus = rules.status_of(counts)
    seq: int = await tx.fetchval(
        "UPDATE batches SET status = $4, updated_at = $5 WHERE account_id = $1 AND mode = $2 AND id = $3 "
        "RETURNING event_seq",
        scope.account_id,
        scope.mode,
        batch_id,
        status,
        now(),
    )
    if status != "VALIDATING" and seq == 0:
        await _tell(tx, scope, batch_id, "batch_created")
    return await queries.get_batch(tx, scope, batch_id)


async def _tell(tx: Tx, scope: Scope, batch_id: Id, name: EventName) -> None:
    seq: int = await tx.fetchval(
        "UPDATE batches SET event_seq = event_seq + 1 WHERE account_id = $1 AND mode = $2 AND id = $3 "
        "RETURNING event_seq",
        scope.account_id,
        scope.mode,
        batch_id,
    )
    body = wire.event_body(name, batch_id, scope)
    await outbox.record(tx, Event(scope=scope, name=name, object_id=batch_id, seq=seq, payload=body))


async def _touch(tx: Tx, scope: Scope, batch_id: Id) -> None:
    await tx.execute(
        "UPDATE batches SET updated_at = $4 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        batch_id,
        now(),
    )


def _verdict_values(verdict: Verdict) -> tuple[Any, ...]:
    return (
        verdict.row.id,
        verdict.row.state,
        verdict.state,
        verdict.shipment_id,
        verdict.rate_id,
        verdict.label_id,
        _as_text(verdict.messages),
    )


def _as_text(messages: Sequence[dict[str, Any]]) -> str:
    """As text, because an array of JSON arrays would be taken for one of two dimensions."""
    return msgspec.json.encode(messages).decode()
