"""Writing parcels; a list action, because a shipment has many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.kit.clock import now
from portside.parcels.models import ParcelDraft, StoredParcel

# A replay of a batch whose commit was not confirmed brings the same ids again.
_INSERT = (
    "INSERT INTO parcels (account_id, mode, id, details, created_at, updated_at) "
    "SELECT a, m, i, d, t, t FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[], $5::timestamptz[]) "
    "AS given (a, m, i, d, t) ON CONFLICT DO NOTHING"
)


async def create_parcels(tx: Tx, drafts: Sequence[ParcelDraft]) -> list[StoredParcel]:
    """Write parcels; gives them as stored, in the same order."""
    moment = now()
    await insert_all(tx, parcel_part(drafts, moment))
    return [StoredParcel(parcel=draft.parcel, created_at=moment, updated_at=moment) for draft in drafts]


def parcel_part(drafts: Sequence[ParcelDraft], moment: dt.datetime) -> Part:
    """The same as a part of a joined statement."""
    rows = [(d.scope.account_id, d.scope.mode, d.parcel.id, d.parcel, moment) for d in drafts]
    return Part(_INSERT, tuple(zip(*rows, strict=True)))
