"""What a tracking page says of a parcel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from portside.accounts.queries import get_scope
from portside.branding.models import Look
from portside.branding.queries import get_look
from portside.buyers.models import Parcel
from portside.buyers.queries import carrier_page, get_parcel
from portside.buyers.render import expected, items_of, plain_day
from portside.buyers.rules import status_of
from portside.buyers.words import CANCELLED, step_words, words_for
from portside.carriers.catalogue import carrier_name
from portside.db.tx import Tx
from portside.kit.clock import now, to_wire
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.terms.models import BuyerStatus
from portside.tracking.models import Track, TrackScan
from portside.tracking.queries import find_shown
from portside.tracking.rules import current, page_path, place_name, read_link

_STEPS: tuple[tuple[BuyerStatus, str], ...] = (
    ("PRE_TRANSIT", "Shipped"),
    ("TRANSIT", "On its way"),
    ("OUT_FOR_DELIVERY", "Out for delivery"),
    ("DELIVERED", "Delivered"),
)
_OVER = frozenset({"DELIVERED", "RETURNED"})


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Whose page it is, and what is on it; `parcel` is None for a number that no label here carries."""

    scope: Scope
    track: Track
    parcel: Parcel | None
    look: Look
    link: str

    @property
    def carrier_url(self) -> str:
        if self.parcel is not None:
            return self.parcel.carrier_url
        return carrier_page(self.track.carrier, self.track.tracking_number)


async def find_page(tx: Tx, link: str) -> Page | None:
    """The page that a link names. The link is the proof: whoever has it was given it by the merchant."""
    known = read_link(link)
    found = await find_shown(tx, known) if known is not None else None
    if found is None:
        return None
    key, track = found
    scope = await get_scope(tx, key.account_id, key.mode)
    parcel = await get_parcel(tx, scope, track.label_id) if track.label_id is not None else None
    return Page(scope=scope, track=track, parcel=parcel, look=await get_look(tx, scope), link=link)


def page_context(page: Page) -> Mapping[str, Any]:
    """The context of track.html."""
    track, parcel = page.track, page.parcel
    scan = current(track.scans)
    status = status_of(scan)
    carrier = carrier_name(track.carrier)
    is_cancelled = parcel is not None and parcel.label.status in ("REFUNDED", "REFUNDPENDING")
    # Refunded labels are still used now and then; then the parcel's way counts.
    if is_cancelled and status in (None, "PRE_TRANSIT"):
        words = CANCELLED
    else:
        words = words_for(status, scan.substatus if scan else None)
    return {
        "words": words.about(page.look.name, carrier),
        "tone": _tone(status),
        "steps": _steps(status),
        **_arrival(track, status, scan),
        "carrier": carrier,
        "number": track.tracking_number,
        "carrier_url": page.carrier_url,
        "service": track.details.service_name or "",
        "destination": place_name(track.details.destination),
        "order_number": parcel.order.order_number or "" if parcel and parcel.order else "",
        "items": items_of(parcel.order) if parcel else [],
        "others": _others(parcel) if parcel else [],
        "history": [_event(each, page.look.name, carrier) for each in reversed(track.scans)],
        "checked_at": _moment(track.last_checked_at) if track.last_checked_at else None,
        "test": page.scope.is_test,
        "messages_url": f"{page_path_of(page)}/messages" if parcel else "",
    }


def page_path_of(page: Page) -> str:
    return f"/t/{page.link}"


def _tone(status: BuyerStatus | None) -> str:
    return {"DELIVERED": "good", "FAILURE": "bad", "RETURNED": "bad"}.get(status or "", "calm")


def _steps(status: BuyerStatus | None) -> list[Mapping[str, Any]]:
    """The four stations of a parcel that gets there; none where it does not."""
    names = [name for name, _ in _STEPS]
    if status in ("RETURNED", "FAILURE"):
        return []
    reached = names.index(status) if status in names else -1
    return [
        {"name": words, "is_passed": place_ <= reached, "is_now": place_ == reached}
        for place_, (_, words) in enumerate(_STEPS)
    ]


def _arrival(track: Track, status: BuyerStatus | None, scan: TrackScan | None) -> dict[str, Any]:
    """`eta` and `was_expected`; `is_late` when that day is over; `arrived` once it is there."""
    told = expected(track.details, is_over=status in _OVER)
    eta = track.details.eta
    return {
        **told,
        "is_late": bool(told["eta"]) and eta is not None and eta.date() < now().date(),
        "arrived": plain_day(scan.at) if scan is not None and status == "DELIVERED" else "",
    }


def _others(parcel: Parcel) -> list[Mapping[str, str]]:
    """The other parcels of the same purchase."""
    return [
        {"number": label.tracking_number, "url": page_path(Id(link))}
        for label in parcel.pieces
        if label.id != parcel.label.id and label.tracking_number and (link := parcel.links.get(label.tracking_number))
    ]


def _event(scan: TrackScan, shop: str, carrier: str) -> Mapping[str, Any]:
    title = step_words(status_of(scan), scan.substatus).about(shop, carrier).title
    text = scan.text if scan.text.casefold().rstrip(".") != title.casefold() else ""
    return {"title": title, "text": text, "place": place_name(scan.location), "at": _moment(scan.at)}


def _moment(moment: dt.datetime) -> Mapping[str, str]:
    """A moment for machines and for people; nobody knows where the reader is, so it is UTC."""
    exact = moment.astimezone(dt.UTC)
    return {"exact": to_wire(moment), "text": f"{plain_day(exact)}, {exact:%H:%M} UTC"}
