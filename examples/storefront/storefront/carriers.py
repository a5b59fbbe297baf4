"""What the store knows about carriers: their tracking pages, and how to reach them when something goes wrong."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote, urlsplit


@dataclasses.dataclass(frozen=True)
class Carrier:
    """`hosts` are the only places that a tracking link may lead to."""

    name: str
    hosts: tuple[str, ...]
    tracking_page: str
    phone: str
    enquiries: str


# Published by the carriers themselves, for customers in the United States; look them up again before you rely on them.
CARRIERS = {
    "usps": Carrier(
        "USPS",
        ("usps.com",),
        "https://tools.usps.com/go/TrackConfirmAction?tLabels=",
        "1-800-275-8777",
        "https://www.usps.com/help/missing-mail.htm",
    ),
    "ups": Carrier(
        "UPS",
        ("ups.com",),
        "https://www.ups.com/track?tracknum=",
        "1-800-742-5877",
        "https://www.ups.com/us/en/support/file-a-claim",
    ),
    "fedex": Carrier(
        "FedEx",
        ("fedex.com",),
        "https://www.fedex.com/fedextrack/?trknbr=",
        "1-800-463-3339",
        "https://www.fedex.com/en-us/customer-support/claims.html",
    ),
    "dhl_express": Carrier(
        "DHL Express",
        ("dhl.com",),
        "https://www.dhl.com/en/express/tracking.html?AWB=",
        "1-800-225-5345",
        "https://www.dhl.com/us-en/home/customer-service.html",
    ),
}


def token_of(provider: str) -> str:
    """`DHL Express`, as rates write it, is `dhl_express` for tracks."""
    return provider.strip().lower().replace(" ", "_")


def name_of(carrier: str) -> str:
    return CARRIERS[carrier].name if carrier in CARRIERS else carrier


def tracking_page(carrier: str, number: str, given: str) -> str | None:
    """The carrier's page about a parcel, or None.

    `given` is what the API said. It is believed if it leads to that carrier; whatever else got into the database, our
    redirect never sends a buyer anywhere but to a carrier.
    """
    known = CARRIERS.get(carrier)
    if known is None:
        return None
    if _is_at(given, known.hosts):
        return given
    return known.tracking_page + quote(number, safe="")


def _is_at(url: str, hosts: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname or "", parts.port is not None
    except ValueError:
        return False
    if parts.scheme != "https" or has_port or "@" in parts.netloc or "\\" in url or not url.isprintable():
        return False
    return any(host == name or host.endswith("." + name) for name in hosts)
