"""Messages to buyers in words: what happened, which parcel, when it comes, and where to look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from portside.branding.models import Look
from portside.branding.rules import shades
from portside.buyers.models import Parcel
from portside.buyers.rules import status_of
from portside.buyers.words import words_for
from portside.carriers.catalogue import carrier_name
from portside.kit.clock import now
from portside.kit.sms import LONGEST_TEXT
from portside.notifications.models import Channel, Text
from portside.notifications.render import render, render_text
from portside.orders.models import LineItem, Order
from portside.terms.models import BuyerStatus
from portside.tracking.models import TrackDetails
from portside.tracking.rules import current, page_path

# A mail is no packing slip.
MOST_ITEMS = 20
_LONGEST_TITLE = 120


def render_message(
    parcel: Parcel, status: BuyerStatus, channel: Channel, look: Look, public_url: str, *, is_test: bool
) -> tuple[Text, str]:
    """(the message, where further ones are declined)."""
    page_url = public_url + page_path(parcel.track.link) if parcel.track else ""
    stop_url = f"{page_url}/messages" if page_url else ""
    scan = current(parcel.track.scans) if parcel.track else None
    substatus = scan.substatus if scan is not None and status_of(scan) == status else None
    carrier = carrier_name(parcel.label.carrier)
    words = words_for(status, substatus).about(look.name, carrier)
    details = parcel.track.details if parcel.track else TrackDetails()
    # A day that is over says when it should have come, not when it does.
    has_passed = status == "DELAYED" and details.eta is not None and details.eta.date() < now().date()
    context = {
        "shop": look.name,
        "support_email": look.support_email,
        "test": is_test,
        "title": words.title,
        "text": f"{words.text} It was expected {plain_day(details.eta)}." if has_passed and details.eta else words.text,
        "advice": words.advice,
        "carrier": carrier,
        "order_number": parcel.order.order_number if parcel.order and parcel.order.order_number else "",
        "items": items_of(parcel.order),
        "parcels": _parcels(parcel, status, public_url),
        **expected(details, is_over=has_passed or _is_over(status)),
        "page_url": page_url or parcel.carrier_url,
        "stop_url": stop_url,
    }
    if channel == "sms":
        text = render_text("parcel/sms.txt", context)
        return Text(subject=words.title, text=" ".join(text.split())[:LONGEST_TEXT], html=""), stop_url
    logo_url = public_url + look.logo_url if look.logo_url.startswith("/") else look.logo_url
    return render("parcel", {**context, "logo_url": logo_url, "shades": shades(look.color)}), stop_url


def items_of(order: Order | None) -> list[Mapping[str, Any]]:
    """What is in the order, without prices: a parcel's page may be shown around."""
    return [_item(line) for line in order.details.line_items[:MOST_ITEMS]] if order else []


def expected(details: TrackDetails, *, is_over: bool) -> dict[str, str]:
    """`eta`, and `was_expected` where the first word of it was another day; both empty once it is over."""
    if is_over or details.eta is None:
        return {"eta": "", "was_expected": ""}
    original = details.original_eta
    has_moved = original is not None and original.date() != details.eta.date()
    return {"eta": plain_day(details.eta), "was_expected": plain_day(original) if original and has_moved else ""}


def plain_day(moment: dt.datetime) -> str:
    """`Thu 14 Mar`."""
    return f"{moment:%a} {moment.day} {moment:%b}"


def _is_over(status: BuyerStatus) -> bool:
    return status in ("DELIVERED", "RETURNED", "OUT_FOR_DELIVERY")


def _item(line: LineItem) -> Mapping[str, Any]:
    title = " · ".join(filter(None, (line.title or line.sku or "Item", line.variant_title)))
    return {"title": title[:_LONGEST_TITLE], "quantity": line.quantity or 1}


def _parcels(parcel: Parcel, status: BuyerStatus, public_url: str) -> list[Mapping[str, str]]:
    """The numbers of all parcels when they set out; later each speaks for itself."""
    shown = parcel.pieces if status == "PRE_TRANSIT" else (parcel.label,)
    return [
        {
            "number": label.tracking_number,
            "url": public_url + page_path(link) if (link := parcel.links.get(label.tracking_number)) else "",
        }
        for label in shown
        if label.tracking_number
    ]
