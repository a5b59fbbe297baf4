"""Pure facts about manifests: which labels may be on one, and how many forms they make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from portside.addresses.models import Address
from portside.kit.folding import fold
from portside.kit.ids import Id
from portside.kit.timezones import local_day
from portside.manifests.models import Candidate, Manifest

T = TypeVar("T")

NONE_ELIGIBLE = "There are no labels of this carrier account, address and date that are on no manifest yet."

# A carrier that cannot be asked for so long has missed the day.
GIVEN_UP_AFTER = dt.timedelta(days=1)


def is_of_day(label: Candidate, day: dt.date, zone: ZoneInfo) -> bool:
    """Whether it is shipped on that day: the one it was bought for, or the one it was bought on when that was later."""
    days = (label.shipment_date, max(label.shipment_date, label.bought_at))
    return day in {local_day(moment, zone) for moment in days}


def is_same_place(one: Address, other: Address) -> bool:
    """Whether a driver finds both at one door."""
    return is_same_area(one, other) and _street(one) == _street(other)


def is_same_area(one: Address, other: Address) -> bool:
    """Whether both have one postal code: what carriers ask of the parcels on one form."""
    return (one.country, _code(one)) == (other.country, _code(other))


def why_not(label: Candidate | None, carrier_account_id: Id, origin: Address) -> str | None:
    """Why a label that was asked for may not be on the manifest; None when it may."""
    if label is None:
        return "not found"
    if label.status != "SUCCESS":
        return f"its status is {label.status}"
    if label.carrier_account_id != carrier_account_id:
        return "it was bought with another carrier account"
    if label.manifest_id is not None:
        return f"it is on the manifest {label.manifest_id} already"
    if label.is_return:
        return "it is a return, which comes from the buyer"
    if not is_same_area(label.origin, origin):
        return "it ships from another place than address_from"
    return None


def next_pause(manifest: Manifest, moment: dt.datetime) -> float:
    """Seconds until the carrier is asked again: as long as it has taken so far, ten minutes at most."""
    return min(max((moment - manifest.created_at).total_seconds(), 5.0), 600.0)


def in_forms(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The items in groups of what one form lists."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def file_key(account_id: Id, manifest_id: Id, number: int, carrier: str) -> str:
    """Where form `number` (from 0) of a manifest is stored."""
    return f"manifests/{account_id}/{manifest_id}_{number}_{carrier}.pdf"


def _street(address: Address) -> str:
    return " ".join(fold(f"{address.street1} {address.street_no} {address.street2}").replace(".", " ").split())


def _code(address: Address) -> str:
    code = "".join(address.zip.split()).upper()
    return code[:5] if address.country == "US" else code
