"""Reads of manifests, and of the labels that may be on one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.addresses.models import Address
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.ids import Id, first_id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.manifests.models import Candidate, Manifest

_SELECT = "SELECT * FROM manifests WHERE account_id = $1 AND mode = $2"

# Locked against being refunded meanwhile.
_CANDIDATES = (
    "SELECT l.id, l.status, l.tracking_number, l.created_at AS bought_at, r.carrier_account_id, s.shipment_date, "
    "s.details->'address_from' AS origin, m.manifest_id, "
    "coalesce(s.details->'extra'->>'is_return' = 'true', false) AS is_return "
    "FROM labels l "
    "JOIN rates r ON r.account_id = l.account_id AND r.mode = l.mode AND r.id = l.rate_id "
    "JOIN shipments s ON s.account_id = r.account_id AND s.mode = r.mode AND s.id = r.shipment_id "
    "LEFT JOIN manifest_labels m ON m.account_id = l.account_id AND m.mode = l.mode AND m.label_id = l.id "
    "WHERE l.account_id = $1 AND l.mode = $2 AND {} ORDER BY l.id DESC LIMIT {} FOR SHARE OF l"
)

# A label that has not been handed over by then will not be.
_OLDEST = dt.timedelta(days=60)
# Days begin and end at different moments around the world.
_SLACK = dt.timedelta(days=2)


async def get_manifest(tx: Tx, scope: Scope, manifest_id: Id) -> Manifest:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, manifest_id)
    if row is None:
        raise NotFound
    return manifest_of(row)


async def list_manifests(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Manifest]:
    """Newest first."""
    return (await fetch_page(tx, _SELECT, (scope.account_id, scope.mode), page)).map(manifest_of)


async def find_candidates(tx: Tx, scope: Scope, label_ids: Sequence[Id]) -> dict[Id, Candidate]:
    """Those of the labels that exist and were bought or refused, by id."""
    sql = _CANDIDATES.format("l.id = ANY($3::uuid[])", len(label_ids))
    rows = await tx.fetch(sql, scope.account_id, scope.mode, list(label_ids))
    return {label.id: label for label in map(_candidate, rows)}


async def list_candidates(
    tx: Tx, scope: Scope, carrier_account_id: Id, date: dt.datetime, most: int
) -> list[Candidate]:
    """Labels of a carrier account, shipped or bought about that date and on no manifest yet, newest first."""
    sql = _CANDIDATES.format(
        "l.status = 'SUCCESS' AND l.id > $3 AND r.carrier_account_id = $4 AND m.manifest_id IS NULL "
        "AND (s.shipment_date BETWEEN $5 AND $6 OR l.created_at BETWEEN $5 AND $6)",
        most,
    )
    oldest = first_id(now() - _OLDEST)
    start, end = date - _SLACK, date + _SLACK
    rows = await tx.fetch(sql, scope.account_id, scope.mode, oldest, carrier_account_id, start, end)
    return [_candidate(row) for row in rows]


def manifest_of(row: Row) -> Manifest:
    """A row as the type."""
    fields = {name: row[name] for name in Manifest.__struct_fields__}
    lists = {name: tuple(row[name]) for name in ("label_ids", "documents", "errors")}
    return Manifest(**{**fields, **lists})


def _candidate(row: Row) -> Candidate:
    fields = {name: row[name] for name in Candidate.__struct_fields__}
    fields["origin"] = msgspec.convert(row["origin"], Address)
    return Candidate(**fields)
