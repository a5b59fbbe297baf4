"""Pure facts about messages to buyers: what a scan means to them, who may be told, and why not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portside.addresses.models import Address
from portside.buyers.models import MessageSettings, Parcel, Reason
from portside.kit.mail import BadMail, checked_address
from portside.notifications.models import Channel
from portside.terms.models import BuyerStatus, NotificationDefaults
from portside.tracking.models import SUBSTATUSES, Track, TrackDetails, TrackScan
from portside.tracking.rules import current

# Without a word of the account or its platform. Text messages need the buyers' consent, so they are off.
DEFAULTS = MessageSettings(email=("PRE_TRANSIT", "DELAYED", "OUT_FOR_DELIVERY", "DELIVERED", "RETURNED", "FAILURE"))
REASONS: Mapping[Reason, str] = {
    "off": "Switched off in Settings › Buyer messages.",
    "test": "It is a test label.",
    "refunded": "The label was refunded.",
    "delivered": "The parcel had arrived or was going back by then.",
    "return": "It is a return label: it goes to you.",
    "no_address": "The address has none.",
    "bad_address": "It cannot be written to as it stands.",
    "stopped": "The buyer wants no more messages.",
    "no_gateway": "This installation has no SMS gateway.",
}
# Of one status of a label, by hand.
MOST_AGAIN = 20
_REFUNDED = frozenset({"REFUNDED", "REFUNDPENDING"})
_ARRIVED = frozenset({"DELIVERED", "RETURNED"})
# E.164: fifteen digits at most.
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Countries whose numbers are often written without the code of the country, which is 1.
_PLUS_ONE = frozenset({"US", "CA", "PR"})


def settings_over(
    email: tuple[BuyerStatus, ...] | None,
    sms: tuple[BuyerStatus, ...] | None,
    settled: NotificationDefaults | None,
    *,
    in_test_mode: bool,
) -> MessageSettings:
    """The account's own lists first, then its platform's, then ours."""
    if settled is not None:
        email = settled.email if email is None else email
        sms = settled.sms if sms is None else sms
    return MessageSettings(
        email=DEFAULTS.email if email is None else email,
        sms=DEFAULTS.sms if sms is None else sms,
        in_test_mode=in_test_mode,
    )


def status_of(scan: TrackScan | None) -> BuyerStatus | None:
    """What a scan means to the buyer; None before anybody has the parcel."""
    if scan is None or scan.status == "UNKNOWN":
        return None
    if scan.status != "TRANSIT":
        return scan.status
    known = SUBSTATUSES.get(scan.substatus or "")
    if known is not None and known.action_required:
        return "FAILURE"
    return "OUT_FOR_DELIVERY" if scan.substatus == "out_for_delivery" else "TRANSIT"


def news_of(track: Track) -> tuple[BuyerStatus, ...]:
    """What its latest scan is told as; the label's purchase has spoken for what comes before."""
    scan = current(track.scans)
    status = status_of(scan)
    if scan is None or status is None or status == "PRE_TRANSIT":
        return ()
    is_delayed = status == "TRANSIT" and (scan.substatus == "delayed" or _has_moved(track.details))
    return (status, "DELAYED") if is_delayed else (status,)


def is_under_way(track: Track | None) -> bool:
    """Whether the carrier has the parcel, and nothing else is to be said of it."""
    return track is not None and status_of(current(track.scans)) == "TRANSIT"


def _has_moved(details: TrackDetails) -> bool:
    """Whether the parcel is expected on a later day than first."""
    eta, original = details.eta, details.original_eta
    return eta is not None and original is not None and eta.date() > original.date()


def concerns(channel: Channel, status: BuyerStatus, settings: MessageSettings) -> bool:
    """Whether the log says something of a status by a channel: it is told, or somebody may look for it there."""
    return status in settings.of(channel) or (channel == "email" and status in DEFAULTS.email)


def is_sold(parcel: Parcel) -> bool:
    """Whether there is a label that somebody was told of: one parcel speaks for all of its purchase."""
    return parcel.label.status == "SUCCESS" and parcel.label.piece == 1


def recipient_of(channel: Channel, address: Address | None) -> tuple[str, Reason | None]:
    """(where to write to, why not)."""
    if address is None:
        return "", "no_address"
    if channel == "email":
        return _email(address.email)
    return _phone(address.phone, address.country)


def objection(parcel: Parcel, status: BuyerStatus, settings: MessageSettings, *, is_test: bool) -> Reason | None:
    """Why nobody is to be told, apart from settings and addresses."""
    if parcel.label.status in _REFUNDED:
        return "refunded"
    scan = current(parcel.track.scans) if parcel.track else None
    if status not in _ARRIVED and scan is not None and scan.status in _ARRIVED:
        return "delivered"
    if parcel.is_return:
        return "return"
    if is_test and not settings.in_test_mode:
        return "test"
    return None


def _email(text: str) -> tuple[str, Reason | None]:
    if not text:
        return "", "no_address"
    try:
        return checked_address(text), None
    except BadMail:
        return text[:254], "bad_address"


def _phone(digits: str, country: str) -> tuple[str, Reason | None]:
    """Addresses keep a leading plus as 00; without it the country is only known where all numbers have one length."""
    if not digits:
        return "", "no_address"
    number = digits
    if digits.startswith("00"):
        number = f"+{digits[2:]}"
    elif country in _PLUS_ONE:
        number = f"+1{digits}" if len(digits) == 10 else f"+{digits}" if len(digits) == 11 else digits
    return (number, None) if _PHONE.fullmatch(number) else (number[:20], "bad_address")
