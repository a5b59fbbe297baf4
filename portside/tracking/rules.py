"""Pure facts about tracks: how news is merged into a history, and when a carrier is asked again."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Sequence

import msgspec

from portside.carriers.contract import Location, Scan, TrackSnapshot
from portside.kit.ids import Id
from portside.tracking.models import TrackDetails, TrackingStatus, TrackScan

# A parcel does not travel from a later stage back to an earlier one. A failure is not the end: what was lost can be
# found, what could not be delivered is brought again or returned.
_STAGE: dict[TrackingStatus, int] = {
    "UNKNOWN": 0,
    "PRE_TRANSIT": 1,
    "TRANSIT": 2,
    "FAILURE": 2,
    "DELIVERED": 3,
    "RETURNED": 3,
}

_LINK = re.compile(r"[A-Za-z0-9_-]{22}")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{3,63}")

FIRST_POLL = dt.timedelta(minutes=5)
_POLL_LONGEST = dt.timedelta(days=120)
_POLL_UNKNOWN = dt.timedelta(days=30)


def clean_number(text: str) -> str | None:
    """The tracking number without the spaces people paste along; None when it cannot be one."""
    number = "".join(text.split())
    return number if _NUMBER.fullmatch(number) else None


def page_path(link: Id) -> str:
    """`/t/` and 22 letters and digits: the public page of a track."""
    return "/t/" + base64.urlsafe_b64encode(bytes.fromhex(link)).rstrip(b"=").decode()


def read_link(text: str) -> Id | None:
    """The link in the last part of `page_path`, which is written in one way only; None when it cannot be one."""
    if not _LINK.fullmatch(text):
        return None
    link = Id(base64.urlsafe_b64decode(text + "==").hex())
    return link if page_path(link) == f"/t/{text}" else None


def place_name(location: Location | None) -> str:
    """`Reno, NV, US`; empty when the carrier told no place."""
    if location is None:
        return ""
    return ", ".join(filter(None, (location.city.title(), location.state, location.country)))


def number_patterns(text: str) -> tuple[str, str]:
    """For LIKE: numbers that begin with the text, as it was typed and in the capitals that carriers print."""
    typed = "".join(text.split()).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return typed, typed.upper()


def fingerprint(scan: Scan) -> bytes:
    """What makes a scan the same one when a carrier tells it again: moment, place and what happened.

    The prose is left out where the carrier has a code, because carriers reword it between two answers.
    """
    what = [scan.raw_code] if scan.raw_code else [scan.status, scan.substatus, scan.text]
    place = scan.location
    where = [part.strip().casefold() for part in (place.city, place.state, place.zip, place.country)] if place else []
    told = msgspec.json.encode([int(scan.at.timestamp()), what, where])
    return hashlib.blake2b(told, digest_size=16).digest()


def unknown_scans(known: Sequence[TrackScan], told: Sequence[Scan]) -> list[tuple[bytes, Scan]]:
    """Those of `told` that the history lacks, each once, with their fingerprints."""
    seen = {scan.fingerprint for scan in known}
    fresh: list[tuple[bytes, Scan]] = []
    for scan in told:
        mark = fingerprint(scan)
        if mark not in seen:
            seen.add(mark)
            fresh.append((mark, scan))
    return fresh


def in_order(scans: Sequence[TrackScan]) -> tuple[TrackScan, ...]:
    """Oldest first by when it happened; a scan that was told late goes to its place, not to the end."""
    return tuple(sorted(scans, key=lambda scan: (scan.at, scan.id)))


def current(history: Sequence[TrackScan]) -> TrackScan | None:
    """The scan that says where the parcel stands: the latest one of the furthest stage it has reached."""
    return max(history, key=lambda scan: (_STAGE[scan.status], scan.at, scan.id), default=None)


def merge(known: Sequence[TrackScan], fresh: Sequence[TrackScan]) -> tuple[tuple[TrackScan, ...], TrackScan | None]:
    """(history, current scan) once the fresh scans are in."""
    history = in_order([*known, *fresh])
    return history, current(history)


def details_after(details: TrackDetails, snapshot: TrackSnapshot) -> TrackDetails:
    """What is known beside the scans: the carrier's estimate is renewed, what we knew of the parcel ourselves stays."""
    eta = snapshot.eta or details.eta
    return TrackDetails(
        eta=eta,
        original_eta=details.original_eta or snapshot.original_eta or eta,
        service_token=details.service_token or snapshot.service_token,
        service_name=details.service_name or snapshot.service_name,
        origin=details.origin or snapshot.origin,
        destination=details.destination or snapshot.destination,
    )


def next_poll_at(
    scan: TrackScan | None, *, created_at: dt.datetime, now: dt.datetime, is_registered: bool
) -> dt.datetime | None:
    """When to ask the carrier again; None when there is nothing more to come."""
    age = now - created_at
    if not is_registered or age > _POLL_LONGEST:
        return None
    if scan is None or scan.status == "UNKNOWN":
        # A label is often printed days before the carrier sees the parcel.
        return now + min(max(age, FIRST_POLL), dt.timedelta(hours=6)) if age <= _POLL_UNKNOWN else None
    if scan.status == "DELIVERED" or scan.substatus == "package_disposed":
        return None
    if scan.status == "PRE_TRANSIT":
        return now + dt.timedelta(hours=1 if age < dt.timedelta(days=7) else 6)
    if scan.status in ("RETURNED", "FAILURE"):
        return now + dt.timedelta(hours=12)
    return now + dt.timedelta(minutes=30 if scan.substatus == "out_for_delivery" else 120)
