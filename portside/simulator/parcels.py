"""A simulated purchase and its parcels: their rows in the carrier's books, a parcel's life, what of it is told now."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from portside.simulator.geography import CarrierToken, City
from portside.simulator.label_types import LabelContent
from portside.simulator.routes import Route
from portside.simulator.stories import STORIES, Scan, scans_until

# Every story is over long before this, also at the slowest service's pace.
_LIFETIME = dt.timedelta(days=400)

# Until one of these, the parcel lies where its label was made and the label can be voided.
_BEFORE_HAND_OVER = frozenset({"information_received", "other"})

# After one of these, the day that was promised no longer holds.
_POSTPONING = frozenset({"delayed", "delivery_attempted", "delivery_rescheduled", "address_issue", "package_held",
                         "location_inaccessible", "package_forwarded", "notice_left"})  # fmt: skip


class SimulatedPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase. `magic` keeps the texts in which magic words may stand; times are the account's."""

    reference: str
    carrier: CarrierToken
    account: str
    account_number: str
    service: str
    carrier_reference: str
    magic: str
    eta: dt.datetime
    bought_at: dt.datetime
    voided_at: dt.datetime | None = None


class SimulatedParcel(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of a purchase. All times but `due_at` are the account's own; `manifest` is its form's number."""

    tracking_number: str
    reference: str
    piece: int
    carrier: CarrierToken
    account: str
    content: LabelContent
    story: str
    shipped_at: dt.datetime
    transit_days: int
    route: Route
    told: int = 0
    next_scan_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    voided_at: dt.datetime | None = None
    manifest: str | None = None

    def life(self) -> list[Scan]:
        """All scans that it will ever have."""
        end = self.shipped_at + _LIFETIME
        return scans_until(STORIES[self.story], self.shipped_at, end, self.route, self.transit_days)

    def scans(self, moment: dt.datetime) -> list[Scan]:
        """What has happened by then."""
        return [scan for scan in self.life() if scan.at <= moment]

    def is_handed_over(self, moment: dt.datetime) -> bool:
        """Whether the carrier has the parcel by then, and no longer only the label's data."""
        return any(scan.code not in _BEFORE_HAND_OVER for scan in self.scans(moment))

    def next_after(self, told: int) -> dt.datetime | None:
        """When the scan happens that follows the first `told` ones; None at the end of the story."""
        life = self.life()
        return life[told].at if told < len(life) else None

    @property
    def promised_at(self) -> dt.datetime:
        """When its delivery was due as sold."""
        return self.shipped_at + dt.timedelta(days=self.transit_days)

    def eta(self, moment: dt.datetime) -> dt.datetime:
        """When it arrives, as far as is known by then: as promised, until something came between."""
        told = self.scans(moment)
        if any(scan.code in _POSTPONING for scan in told):
            arrivals = [scan.at for scan in self.life() if scan.status == "DELIVERED"]
            return arrivals[-1] if arrivals else self.promised_at
        return self.promised_at

    def report(self, moment: dt.datetime) -> dict[str, Any]:
        """What the carrier answers when it is asked for the parcel at that time, as JSON would have it."""
        answer = {
            "tracking_number": self.tracking_number,
            "service": self.content.service,
            "service_name": self.content.service_name,
            "eta": self.eta(moment),
            "original_eta": self.promised_at,
            "origin": _place(self.route.origin),
            "destination": _place(self.route.destination),
            "scans": [_scan(scan) for scan in self.scans(moment)],
        }
        built: dict[str, Any] = msgspec.to_builtins(answer)
        return built


def _scan(scan: Scan) -> dict[str, Any]:
    return {
        "code": scan.code,
        "status": scan.status,
        "text": scan.text,
        "at": scan.at,
        "location": None if scan.location is None else _place(scan.location),
    }


def _place(city: City) -> dict[str, str]:
    return {"city": city.city, "state": city.state, "zip": city.postal_code, "country": city.country}
