"""Changes to tracks: rows and events together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.carriers.contract import Push, Scan, TrackSnapshot
from portside.db.sql import Part, insert_all
from portside.db.tx import Row, Tx
from portside.events import outbox
from portside.events.models import Event
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.tracking import queries, rules, wire
from portside.tracking.models import Change, Track, TrackDraft, TrackKey, TrackScan

# The row as it was is read along: a number that was only looked up becomes one that is followed.
_REGISTER = (
    "WITH given AS (SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[], $8::text[]) "
    "  AS g (id, carrier, tracking_number, label_id, details, metadata)), "
    "before AS (SELECT tracks.carrier, tracks.tracking_number, tracks.is_registered FROM tracks JOIN given "
    "  USING (carrier, tracking_number) WHERE tracks.account_id = $1 AND tracks.mode = $2) "
    "INSERT INTO tracks (account_id, mode, id, carrier, tracking_number, label_id, is_registered, details, metadata, "
    "  next_poll_at, created_at, updated_at) "
    "SELECT $1, $2, id, carrier, tracking_number, label_id, $9, details, metadata, $10, $11, $11 FROM given "
    "ON CONFLICT (account_id, mode, carrier, tracking_number) DO UPDATE SET "
    "  label_id = coalesce(excluded.label_id, tracks.label_id), "
    "  is_registered = tracks.is_registered OR excluded.is_registered, "
    "  metadata = coalesce(excluded.metadata, tracks.metadata), "
    "  details = CASE WHEN excluded.label_id IS NULL THEN tracks.details ELSE excluded.details END, "
    "  next_poll_at = CASE WHEN tracks.is_registered THEN tracks.next_poll_at ELSE excluded.next_poll_at END, "
    "  updated_at = excluded.updated_at "
    "RETURNING *, (SELECT before.is_registered FROM before WHERE before.carrier = tracks.carrier "
    "  AND before.tracking_number = tracks.tracking_number) AS was_registered"
)

_INSERT_SCANS = (
    "INSERT INTO track_scans (account_id, mode, track_id, id, fingerprint, status, substatus, status_details, "
    "  status_date, location, raw, created_at) "
    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::bytea[], $6::text[], $7::text[], "
    "  $8::text[], $9::timestamptz[], $10::jsonb[], $11::jsonb[], $12::timestamptz[]) AS given ON CONFLICT DO NOTHING"
)


async def register_track(
    tx: Tx,
    scope: Scope,
    carrier: str,
    tracking_number: str,
    *,
    metadata: str | None = None,
    is_registered: bool = True,
) -> Track:
    """Follow a number; once per account, mode, carrier and number, so that nobody is told a change twice.

    A number that was only looked up before tells its status now, as the first thing its followers hear. Holds the row.
    """
    given = TrackDraft(carrier=carrier, tracking_number=tracking_number, metadata=metadata)
    return (await register_tracks(tx, scope, [given], is_registered=is_registered))[0]


async def register_tracks(
    tx: Tx, scope: Scope, drafts: Sequence[TrackDraft], *, is_registered: bool = True
) -> list[Track]:
    """The same for many numbers, in no order; of drafts with the same number the last one counts."""
    moment = now()
    kept = {(draft.carrier, draft.tracking_number): draft for draft in drafts}.values()
    ids = [new_id() for _ in kept]
    rows = await tx.fetch(
        _REGISTER,
        scope.account_id,
        scope.mode,
        ids,
        [draft.carrier for draft in kept],
        [draft.tracking_number for draft in kept],
        [draft.label_id for draft in kept],
        [draft.details for draft in kept],
        [draft.metadata for draft in kept],
        is_registered,
        moment + rules.FIRST_POLL if is_registered else None,
        moment,
    )
    new = set(ids)
    return [
        queries.track_of(row, ()) if row["id"] in new else await _known(tx, scope, row, is_registered=is_registered)
        for row in rows
    ]


async def _known(tx: Tx, scope: Scope, row: Row, *, is_registered: bool) -> Track:
    track = await queries.with_scans(tx, scope, row)
    if is_registered and row["was_registered"] is False and track.status is not None:
        return await _record_update(tx, scope, track)
    return track


async def apply_snapshot(tx: Tx, scope: Scope, track_id: Id, snapshot: TrackSnapshot) -> Change | None:
    """Merge a carrier's news into a track and record `track_updated`; None when it told nothing new.

    Holds the track's row. Raises NotFound.
    """
    track = await queries.get_track(tx, scope, track_id, lock=True)
    moment = now()
    fresh = [_kept(mark, scan, moment) for mark, scan in rules.unknown_scans(track.scans, snapshot.scans)]
    history, latest = rules.merge(track.scans, fresh)
    details = rules.details_after(track.details, snapshot)
    await insert_all(tx, _scan_part(scope, track.id, fresh))
    await tx.execute(
        "UPDATE tracks SET status = $4, details = $5, last_checked_at = $6, next_poll_at = $7 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        track.id,
        latest.status if latest else None,
        details,
        moment,
        rules.next_poll_at(latest, created_at=track.created_at, now=moment, is_registered=track.is_registered),
    )
    if not fresh and (details.eta == track.details.eta or latest is None):
        return None
    changed = msgspec.structs.replace(
        track, status=latest.status if latest else None, details=details, scans=history, last_checked_at=moment
    )
    if track.is_registered:
        changed = await _record_update(tx, scope, changed)
    return Change(track=changed, status_before=track.status, new_scans=len(fresh))


async def note_asked(tx: Tx, scope: Scope, track_id: Id) -> None:
    """The carrier was asked and told nothing that could be kept."""
    moment = now()
    track = await queries.get_track(tx, scope, track_id, lock=True)
    await tx.execute(
        "UPDATE tracks SET last_checked_at = $4, next_poll_at = $5 WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        track_id,
        moment,
        rules.next_poll_at(
            rules.current(track.scans), created_at=track.created_at, now=moment, is_registered=track.is_registered
        ),
    )


async def postpone_polls(tx: Tx, keys: Sequence[TrackKey], until: dt.datetime) -> None:
    """Whoever polls these now has until then to say how it went; should it die, they are due again.

    # unscoped: polling serves all accounts; each key carries its own.
    """
    await tx.execute(
        "UPDATE tracks t SET next_poll_at = $4 FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS k (a, m, i) "
        "WHERE t.account_id = k.a AND t.mode = k.m AND t.id = k.i",
        [key.account_id for key in keys],
        [key.mode for key in keys],
        [key.id for key in keys],
        until,
    )


async def save_push(tx: Tx, carrier: str, push: Push, body: bytes) -> bool:
    """Keep a carrier's push; False when it was kept already.

    # unscoped: a push names a number, and only the tracks know whose it is.
    """
    kept = await tx.fetchval(
        "INSERT INTO carrier_pushes (carrier, event_id, tracking_number, body, received_at) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true",
        carrier,
        push.event_id,
        push.tracking_number,
        body,
        now(),
    )
    return kept is not None


async def mark_push_taken(tx: Tx, carrier: str, event_id: str) -> None:
    """Its news has been asked for.

    # unscoped: see `save_push`.
    """
    await tx.execute(
        "UPDATE carrier_pushes SET taken_at = $3 WHERE carrier = $1 AND event_id = $2", carrier, event_id, now()
    )


async def forget_pushes(tx: Tx, before: dt.datetime) -> None:
    """Drop pushes that came before then.

    # unscoped: see `save_push`.
    """
    await tx.execute("DELETE FROM carrier_pushes WHERE received_at < $1", before)


async def _record_update(tx: Tx, scope: Scope, track: Track) -> Track:
    """Record `track_updated` for a track whose row this transaction holds."""
    (row,) = await tx.fetch(
        "UPDATE tracks SET event_seq = event_seq + 1, updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3 RETURNING event_seq, updated_at",
        scope.account_id,
        scope.mode,
        track.id,
        now(),
    )
    track = msgspec.structs.replace(track, event_seq=row["event_seq"], updated_at=row["updated_at"])
    body = wire.track_updated_body(track, scope)
    event = Event(scope=scope, name="track_updated", object_id=track.id, seq=track.event_seq, payload=body)
    await outbox.record(tx, event)
    return track


def _kept(mark: bytes, scan: Scan, moment: dt.datetime) -> TrackScan:
    return TrackScan(
        id=new_id(),
        fingerprint=mark,
        status=scan.status,
        substatus=scan.substatus,
        text=scan.text,
        at=scan.at.replace(microsecond=scan.at.microsecond // 1000 * 1000),
        location=scan.location,
        created_at=moment,
        raw={"code": scan.raw_code, "text": scan.raw_text} if scan.raw_code or scan.raw_text else {},
    )


def _scan_part(scope: Scope, track_id: Id, scans: Sequence[TrackScan]) -> Part:
    rows = [
        (
            scope.account_id,
            scope.mode,
            track_id,
            scan.id,
            scan.fingerprint,
            scan.status,
            scan.substatus,
            scan.text,
            scan.at,
            scan.location,
            scan.raw,
            scan.created_at,
        )
        for scan in scans
    ]
    return Part(_INSERT_SCANS, tuple(zip(*rows, strict=True)))
