"""Reads of tracks."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.carriers.contract import Location
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.tracking import rules
from portside.tracking.models import Track, TrackDetails, TrackKey, TrackScan

_SELECT = "SELECT * FROM tracks WHERE account_id = $1 AND mode = $2"


async def get_track(tx: Tx, scope: Scope, track_id: Id, *, lock: bool = False) -> Track:
    """With its history; `lock` holds the row until the transaction ends. Raises NotFound."""
    sql = f"{_SELECT} AND id = $3" + (" FOR NO KEY UPDATE" if lock else "")
    row = await tx.fetchrow(sql, scope.account_id, scope.mode, track_id)
    if row is None:
        raise NotFound
    return await with_scans(tx, scope, row)


async def find_track(tx: Tx, scope: Scope, carrier: str, tracking_number: str) -> Track | None:
    """With its history."""
    row = await tx.fetchrow(
        f"{_SELECT} AND carrier = $3 AND tracking_number = $4", scope.account_id, scope.mode, carrier, tracking_number
    )
    return None if row is None else await with_scans(tx, scope, row)


async def list_followers(tx: Tx, carrier: str, tracking_number: str) -> list[TrackKey]:
    """Everybody's tracks of a number.

    # unscoped: a carrier's news concerns all accounts that follow the parcel.
    """
    rows = await tx.fetch(
        "SELECT account_id, mode, id FROM tracks WHERE carrier = $1 AND tracking_number = $2 ORDER BY account_id, mode",
        carrier,
        tracking_number,
    )
    return [_key(row) for row in rows]


async def list_due(tx: Tx, moment: dt.datetime, limit: int) -> list[tuple[TrackKey, str, str]]:
    """(track, carrier, number) of those to be polled, longest due first; locked, and none that another poll holds.

    # unscoped: polling serves all accounts.
    """
    rows = await tx.fetch(
        "SELECT account_id, mode, id, carrier, tracking_number FROM tracks WHERE next_poll_at <= $1 "
        "ORDER BY next_poll_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        moment,
        limit,
    )
    return [(_key(row), row["carrier"], row["tracking_number"]) for row in rows]


async def find_push(tx: Tx, carrier: str, event_id: str) -> str | None:
    """The tracking number of a push whose news has not been asked for yet.

    # unscoped: a push names a number, and only the tracks know whose it is.
    """
    number: str | None = await tx.fetchval(
        "SELECT tracking_number FROM carrier_pushes WHERE carrier = $1 AND event_id = $2 AND taken_at IS NULL",
        carrier,
        event_id,
    )
    return number


async def with_scans(tx: Tx, scope: Scope, row: Row) -> Track:
    """The track of a row of `tracks`, with its history."""
    rows = await tx.fetch(
        "SELECT id, fingerprint, status, substatus, status_details, status_date, location, raw, created_at "
        "FROM track_scans WHERE account_id = $1 AND mode = $2 AND track_id = $3",
        scope.account_id,
        scope.mode,
        row["id"],
    )
    return track_of(row, rules.in_order([_scan(scan) for scan in rows]))


def track_of(row: Row, scans: tuple[TrackScan, ...]) -> Track:
    """The track of a row of `tracks` whose history is known."""
    return Track(
        id=Id(row["id"]),
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        label_id=row["label_id"],
        is_registered=row["is_registered"],
        status=row["status"],
        details=msgspec.convert(row["details"], TrackDetails),
        metadata=row["metadata"],
        event_seq=row["event_seq"],
        last_checked_at=row["last_checked_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        scans=scans,
    )


def _scan(row: Row) -> TrackScan:
    return TrackScan(
        id=Id(row["id"]),
        fingerprint=row["fingerprint"],
        status=row["status"],
        substatus=row["substatus"],
        text=row["status_details"],
        at=row["status_date"],
        location=msgspec.convert(row["location"], Location) if row["location"] else None,
        created_at=row["created_at"],
        raw=row["raw"],
    )


def _key(row: Row) -> TrackKey:
    return TrackKey(account_id=Id(row["account_id"]), mode=row["mode"], id=Id(row["id"]))
