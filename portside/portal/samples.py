"""A parcel that never was, for the preview."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from portside.branding.models import Look
from portside.carriers.contract import Location
from portside.kit.clock import now
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.portal.parcels import Page, page_context
from portside.tracking.models import Track, TrackDetails, TrackingStatus, TrackScan

_WAY: tuple[tuple[int, TrackingStatus, str, str], ...] = (
    (50, "PRE_TRANSIT", "information_received", ""),
    (30, "TRANSIT", "package_accepted", "Reno"),
    (3, "TRANSIT", "out_for_delivery", "Springfield"),
)


def sample(look: Look) -> Mapping[str, Any]:
    """The context of track.html for a parcel that is out for delivery."""
    moment = now()
    scans = tuple(
        TrackScan(
            id=new_id(),
            fingerprint=b"",
            status=status,
            substatus=substatus,
            text="",
            at=moment - dt.timedelta(hours=hours),
            location=Location(city=city, state="", zip="", country="US") if city else None,
            created_at=moment,
        )
        for hours, status, substatus, city in _WAY
    )
    track = Track(
        id=new_id(),
        link=new_id(),
        carrier="usps",
        tracking_number="9200 0000 0000 0000 00",
        label_id=None,
        is_registered=False,
        status=scans[-1].status,
        details=TrackDetails(eta=moment, original_eta=moment - dt.timedelta(days=1), service_name="Sample service"),
        metadata=None,
        event_seq=0,
        last_checked_at=None,
        created_at=moment,
        updated_at=moment,
        scans=scans,
    )
    page = Page(scope=Scope(new_id(), "live", ""), track=track, parcel=None, look=look, link="")
    items = [{"title": "Brass lantern", "quantity": 1}, {"title": "Rope, 10 m", "quantity": 2}]
    return {**page_context(page), "order_number": "#1068", "items": items, "carrier_url": ""}
