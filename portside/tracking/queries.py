"""Reads of tracks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import msgspec

from portside.carriers.contract import Location
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.tracking import rules
from portside.tracking.models import Track, TrackDetails, TrackKey, TrackScan
from portside.tracking.wire import TrackFilter

_SELECT = "SELECT * FROM tracks WHERE account_id = $1 AND mode = $2"
_SCANS = (
    "SELECT track_id, id, fingerprint, status, substatus, status_details, status_date, location, raw, created_at "
    "FROM track_scans WHERE account_id = $1 AND mode = $2 AND track_id"
)


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


async def find_shown(tx: Tx, link: Id) -> tuple[TrackKey, Track] | None:
    """The track whose public page the link names, with its history.

    # unscoped: the link is the proof; it names one track of one account in one mode.
    """
    row = await tx.fetchrow("SELECT * FROM tracks WHERE link = $1", link)
    if row is None:
        return None
    scans = await tx.fetch(f"{_SCANS} = $3", row["account_id"], row["mode"], row["id"])
    return _key(row), track_of(row, rules.in_order([_scan(scan) for scan in scans]))


async def find_links(tx: Tx, scope: Scope, numbers: Collection[tuple[str, str]]) -> dict[tuple[str, str], Id]:
    """The links of those of the (carrier, number) that have a track."""
    if not numbers:
        return {}
    rows = await tx.fetch(
        "SELECT carrier, tracking_number, link FROM tracks WHERE account_id = $1 AND mode = $2 "
        "AND (carrier, tracking_number) IN (SELECT * FROM unnest($3::text[], $4::text[]))",
        scope.account_id,
        scope.mode,
        *zip(*numbers, strict=True),
    )
    return {(row["carrier"], row["tracking_number"]): Id(row["link"]) for row in rows}


async def list_tracks(tx: Tx, scope: Scope, page: PageRequest, wanted: TrackFilter) -> Slice[Track]:
    """Those that are followed and fit every filter given, with their histories, newest first."""
    given = {
        "carrier": wanted.carrier.strip().lower(),
        "status": wanted.status,
        "tracking_number": "".join(wanted.tracking_number.split()),
    }
    sql = f"{_SELECT} AND is_registered"
    params: list[str] = [scope.account_id, scope.mode]
    for column, value in given.items():
        if value:
            params.append(value)
            sql += f" AND {column} = ${len(params)}"
    if text := wanted.q.strip():
        params += [*rules.number_patterns(text), text]
        last = len(params)
        sql += f" AND (tracking_number LIKE ${last - 2} OR tracking_number LIKE ${last - 1} OR metadata = ${last})"
    found = await fetch_page(tx, sql, params, page)
    histories = await _histories(tx, scope, [row["id"] for row in found.rows])
    return found.map(lambda row: track_of(row, histories[row["id"]]))


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
    return track_of(row, (await _histories(tx, scope, [row["id"]]))[row["id"]])


async def _histories(tx: Tx, scope: Scope, track_ids: Sequence[Id]) -> dict[Id, tuple[TrackScan, ...]]:
    """The scans of each track, oldest first."""
    rows = await tx.fetch(
        f"{_SCANS} = ANY($3::uuid[])",
        scope.account_id,
        scope.mode,
        list(track_ids),
    )
    scans: dict[Id, list[TrackScan]] = {track_id: [] for track_id in track_ids}
    for row in rows:
        scans[row["track_id"]].append(_scan(row))
    return {track_id: rules.in_order(found) for track_id, found in scans.items()}


def track_of(row: Row, scans: tuple[TrackScan, ...]) -> Track:
    """The track of a row of `tracks` whose history is known."""
    return Track(
        id=Id(row["id"]),
        link=Id(row["link"]),
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
