"""Writing ledger lines, in the transaction that makes them true; they are never changed."""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.ledger.models import LineDraft

_COLUMNS = (
    "account_id, mode, id, partner_id, kind, label_id, carrier, service_token, tracking_number, cost, charged, "
    "currency, note, created_at"
)
_INSERT = (
    f"INSERT INTO ledger_lines ({_COLUMNS}) SELECT v.*, $14::timestamptz FROM unnest($1::uuid[], $2::text[], "
    "$3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::numeric[], "
    "$11::numeric[], $12::text[], $13::text[]) AS v ON CONFLICT DO NOTHING"
)
_REFUND = (
    f"INSERT INTO ledger_lines ({_COLUMNS}) SELECT account_id, mode, r.id, partner_id, 'refund', label_id, carrier, "
    "service_token, tracking_number, -cost, -charged, currency, '', $3 FROM ledger_lines l "
    "JOIN unnest($4::uuid[], $5::uuid[]) AS r (id, label) ON l.label_id = r.label "
    "WHERE l.account_id = $1 AND l.mode = $2 AND l.kind = 'purchase' ON CONFLICT DO NOTHING"
)


async def record_lines(tx: Tx, drafts: Sequence[LineDraft]) -> list[Id]:
    """Write lines; gives their ids. A label that has its purchase line already gets no second one."""
    if not drafts:
        return []
    rows = [_row(draft) for draft in drafts]
    await tx.execute(_INSERT, *map(list, zip(*rows, strict=True)), now())
    return [Id(str(row[2])) for row in rows]


async def record_refunds(tx: Tx, scope: Scope, label_ids: Sequence[Id]) -> None:
    """Write that labels were taken back: what their purchase lines say, negative. Labels without any have none."""
    ids = [new_id() for _ in label_ids]
    await tx.execute(_REFUND, scope.account_id, scope.mode, now(), ids, list(label_ids))


def _row(draft: LineDraft) -> tuple[object, ...]:
    return (
        draft.scope.account_id,
        draft.scope.mode,
        new_id(),
        draft.partner_id,
        draft.kind,
        draft.label_id,
        draft.carrier,
        draft.service_token,
        draft.tracking_number,
        draft.cost,
        draft.charged,
        draft.currency,
        draft.note,
    )
