"""Changes to manifests: the row, the labels it holds, and the job that asks the carrier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.manifests import queries, rules, wire
from portside.manifests.models import Manifest, ManifestDraft, ManifestStatus

_INSERT = (
    "INSERT INTO manifests (account_id, mode, id, carrier_account_id, carrier, status, shipment_date, address_from_id, "
    "label_ids, next_try_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'QUEUED', $6, $7, $8, now(), $9, $9)"
)
_TAKE = (
    "INSERT INTO manifest_labels (account_id, mode, label_id, manifest_id) "
    "SELECT $1, $2, label_id, $3 FROM unnest($4::uuid[]) AS given (label_id) ORDER BY label_id "
    "ON CONFLICT DO NOTHING RETURNING label_id"
)
_CONCLUDE = (
    "UPDATE manifests SET status = $4, documents = $5, errors = $6, updated_at = $7 "
    "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status = 'QUEUED' RETURNING *"
)


async def create_manifest(tx: Tx, scope: Scope, draft: ManifestDraft, ask_at: dt.datetime | None) -> Manifest:
    """Write a manifest, take its labels, and have the carrier asked at `ask_at` (now when None).

    Without labels it is in ERROR at once. Raises FieldErrors when another manifest was faster to take a label.
    """
    await tx.execute(
        _INSERT,
        scope.account_id,
        scope.mode,
        draft.id,
        draft.carrier_account_id,
        draft.carrier,
        draft.shipment_date,
        draft.address_from_id,
        list(draft.label_ids),
        now(),
    )
    taken = await _take_labels(tx, scope, draft)
    if not taken:
        await _conclude(tx, scope, draft.id, "ERROR", (), [rules.NONE_ELIGIBLE])
    else:
        await enqueue(tx, manifest_job(scope, draft.id, ask_at))
    return await queries.get_manifest(tx, scope, draft.id)


async def claim_manifest(tx: Tx, scope: Scope, manifest_id: Id, seconds: float) -> Manifest | None:
    """THE permission to ask the carrier, once committed, for so many seconds; None while another has it, or after the
    outcome."""
    row = await tx.fetchrow(
        "UPDATE manifests SET next_try_at = now() + make_interval(secs => $4) "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status = 'QUEUED' AND next_try_at <= now() RETURNING *",
        scope.account_id,
        scope.mode,
        manifest_id,
        seconds,
    )
    return None if row is None else queries.manifest_of(row)


async def put_off_manifest(tx: Tx, scope: Scope, manifest_id: Id, seconds: float) -> None:
    """The carrier could not be asked; it may be again in so many seconds."""
    await tx.execute(
        "UPDATE manifests SET next_try_at = now() + make_interval(secs => $4) "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 AND status = 'QUEUED'",
        scope.account_id,
        scope.mode,
        manifest_id,
        seconds,
    )


async def complete_manifest(tx: Tx, scope: Scope, manifest_id: Id, documents: Sequence[str]) -> bool:
    """The carrier has taken all. False: the outcome was known."""
    return await _conclude(tx, scope, manifest_id, "SUCCESS", documents, ())


async def reject_manifest(
    tx: Tx, scope: Scope, manifest_id: Id, documents: Sequence[str], errors: Sequence[str], released: Sequence[Id]
) -> bool:
    """The carrier has refused. The labels `released`, which are on no form, may be on another manifest.

    False: the outcome was known.
    """
    if not await _conclude(tx, scope, manifest_id, "ERROR", documents, errors):
        return False
    await tx.execute(
        "DELETE FROM manifest_labels WHERE account_id = $1 AND mode = $2 AND manifest_id = $3 "
        "AND label_id = ANY($4::uuid[])",
        scope.account_id,
        scope.mode,
        manifest_id,
        list(released),
    )
    return True


async def requeue_forgotten(tx: Tx, overdue: dt.timedelta, limit: int = 100) -> int:
    """Have manifests asked for again that no job carries on any more; gives how many.

    # unscoped: housekeeping of all accounts.
    """
    rows = await tx.fetch(
        "UPDATE manifests SET next_try_at = now() WHERE (account_id, mode, id) IN ("
        "SELECT account_id, mode, id FROM manifests WHERE status = 'QUEUED' AND next_try_at < now() - $1::interval "
        "ORDER BY next_try_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING account_id, mode, id",
        overdue,
        limit,
    )
    payloads = [{"account": row["account_id"], "mode": row["mode"], "manifest": row["id"]} for row in rows]
    await enqueue(tx, *[Job(kind="manifests.carry_out", payload=payload) for payload in payloads])
    return len(rows)


def manifest_job(scope: Scope, manifest_id: Id, run_at: dt.datetime | None = None) -> Job:
    """The job that asks the carrier until it answers. Several for one manifest do no harm."""
    payload = {"account": scope.account_id, "mode": scope.mode, "manifest": manifest_id}
    return Job(kind="manifests.carry_out", payload=payload, run_at=run_at)


async def _take_labels(tx: Tx, scope: Scope, draft: ManifestDraft) -> list[Id]:
    rows = await tx.fetch(_TAKE, scope.account_id, scope.mode, draft.id, list(draft.label_ids))
    taken = {row["label_id"] for row in rows}
    kept = [label_id for label_id in draft.label_ids if label_id in taken]
    lost = [label_id for label_id in draft.label_ids if label_id not in taken]
    if lost and not draft.takes_what_is_left:
        reason = "it has just been put on another manifest"
        raise FieldErrors({"transactions": [wire.transaction_error(label_id, reason) for label_id in lost]})
    if lost:
        await tx.execute(
            "UPDATE manifests SET label_ids = $4 WHERE account_id = $1 AND mode = $2 AND id = $3",
            scope.account_id,
            scope.mode,
            draft.id,
            kept,
        )
    return kept


async def _conclude(
    tx: Tx, scope: Scope, manifest_id: Id, status: ManifestStatus, documents: Sequence[str], errors: Sequence[str]
) -> bool:
    """The compare-and-set of an outcome; False: another outcome was first."""
    row = await tx.fetchrow(
        _CONCLUDE, scope.account_id, scope.mode, manifest_id, status, list(documents), list(errors), now()
    )
    return row is not None
