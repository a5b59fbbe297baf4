"""Where an order's parcel is: the timeline, which asks for news until there are none to come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.carriers.catalogue import carrier_name
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.services import services
from portside.labels.models import Label
from portside.labels.queries import labels_of_order
from portside.tracking.flows import look_up
from portside.tracking.models import SUBSTATUSES, Track, TrackScan
from portside.tracking.queries import find_track, get_track
from portside.tracking.rules import current, page_path, place_name
from portside.web.answers import HOME, Flash, unchanged
from portside.web.page import page
from portside.web.visit import Shown, Visit

_FINAL = frozenset({"DELIVERED", "RETURNED"})


@page("GET", "/app/orders/{order_id}/tracks/{track_id}")
async def poll_track(visit: Visit) -> Shown | Response[bytes]:
    """The timeline, if it is another than the one that was seen."""
    async with reading() as tx:
        track, label = await _track_of(tx, visit)
    if visit.given("seen") == _version(track):
        return unchanged()
    return Shown(template="orders/_timeline.html", context={"track": track_context(visit.id("order_id"), track, label)})


@page("POST", "/app/orders/{order_id}/tracks/{track_id}")
async def refresh_track(visit: Visit) -> Shown:
    """Ask the carrier now."""
    async with reading() as tx:
        track, label = await _track_of(tx, visit)
    answer = await look_up(visit.scope, track.carrier, track.tracking_number)
    flash = Flash("warning", " ".join(answer.messages)) if answer.messages else None
    context = {"track": track_context(visit.id("order_id"), answer.track, label)}
    return Shown(template="orders/_timeline.html", context=context, flash=flash)


async def find_track_of(tx: Tx, visit: Visit, label: Label) -> Track | None:
    """The track of a label's parcel."""
    if not label.tracking_number:
        return None
    return await find_track(tx, visit.scope, label.carrier, label.tracking_number)


async def _track_of(tx: Tx, visit: Visit) -> tuple[Track, Label]:
    """The track and its label, which must be of the order in the address."""
    track = await get_track(tx, visit.scope, visit.id("track_id"))
    for label in await labels_of_order(tx, visit.scope, visit.id("order_id")):
        if (label.carrier, label.tracking_number) == (track.carrier, track.tracking_number):
            return track, label
    raise NotFound


def track_context(order_id: Id, track: Track, label: Label | None) -> Mapping[str, Any]:
    """The context of orders/_timeline.html."""
    url = f"{HOME}/{order_id}/tracks/{track.id}"
    latest = current(track.scans)
    return {
        "id": track.id,
        "status": track.status or "UNKNOWN",
        "substatus": _substatus(latest.substatus if latest else None),
        "eta": track.details.eta,
        "checked_at": track.last_checked_at,
        "carrier_name": carrier_name(track.carrier),
        "tracking_number": track.tracking_number,
        "tracking_url": (label.tracking_url if label else None) or "",
        "buyer_url": services().public_url + page_path(track.link),
        "history": [_event(scan) for scan in reversed(track.scans)],
        "final": track.status in _FINAL,
        "poll_url": f"{url}?seen={_version(track)}",
        "refresh_url": url,
    }


def _version(track: Track) -> str:
    """Changes with every news that was told to anybody."""
    return str(track.event_seq)


def _event(scan: TrackScan) -> Mapping[str, Any]:
    return {
        "status": scan.status,
        "substatus": _substatus(scan.substatus),
        "details": scan.text,
        "place": place_name(scan.location),
        "status_date": scan.at,
    }


def _substatus(code: str | None) -> Mapping[str, Any] | None:
    known = SUBSTATUSES.get(code or "")
    if known is None:
        return None
    return {"code": known.code, "text": known.text, "action_required": known.action_required}


routes = [poll_track, refresh_track]
