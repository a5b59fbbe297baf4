"""Writing addresses; a list action, because every pushed order writes some."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from portside.addresses.models import AddressDraft, StoredAddress
from portside.db.sql import Part, insert_all
from portside.db.tx import Tx
from portside.kit.clock import now

# A replay of a batch whose commit was not confirmed brings the same ids again.
_INSERT = (
    "INSERT INTO addresses (account_id, mode, id, details, created_at, updated_at) "
    "SELECT a, m, i, d, t, t FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[], $5::timestamptz[]) "
    "AS given (a, m, i, d, t) ON CONFLICT DO NOTHING"
)


async def create_addresses(tx: Tx, drafts: Sequence[AddressDraft]) -> list[StoredAddress]:
    """Write addresses; gives them as stored, in the same order."""
    moment = now()
    await insert_all(tx, address_part(drafts, moment))
    return [StoredAddress(address=draft.address, created_at=moment, updated_at=moment) for draft in drafts]


def address_part(drafts: Sequence[AddressDraft], moment: dt.datetime) -> Part:
    """The same as a part of a joined statement."""
    rows = [(d.scope.account_id, d.scope.mode, d.address.id, d.address, moment) for d in drafts]
    return Part(_INSERT, tuple(zip(*rows, strict=True)))
