"""What happened to a parcel, in words for its buyer, and what the buyer can do about it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from portside.terms.models import BuyerStatus


class Words(msgspec.Struct, frozen=True):
    """A headline, a sentence, and what to do (empty: nothing). `{shop}` and `{carrier}` stand for names."""

    title: str
    text: str
    advice: str = ""

    def about(self, shop: str, carrier: str) -> Words:
        """With the names in."""
        names = {"{shop}": shop or "the sender", "{carrier}": carrier}
        return Words(*(_filled(part, names) for part in (self.title, self.text, self.advice)))


def _filled(text: str, names: Mapping[str, str]) -> str:
    for mark, name in names.items():
        text = text.replace(mark, name)
    return text[:1].upper() + text[1:]


_ASK = "Write to {shop}; they can ask the carrier and put it right."
_STATUS: Mapping[BuyerStatus, Words] = {
    "PRE_TRANSIT": Words("Shipped", "Your parcel is packed and announced to {carrier}. The first scan follows."),
    "TRANSIT": Words("On its way", "{carrier} has your parcel."),
    "DELAYED": Words("Delayed", "Your parcel takes longer than planned. It is still on its way."),
    "OUT_FOR_DELIVERY": Words("Out for delivery", "{carrier} is bringing your parcel today."),
    "DELIVERED": Words("Delivered", "{carrier} has delivered your parcel."),
    "RETURNED": Words(
        "Going back", "{carrier} is taking your parcel back to the sender.", "Write to {shop} if you still want it."
    ),
    "FAILURE": Words("Not delivered", "{carrier} could not deliver your parcel.", _ASK),
}
NO_NEWS = Words("No news yet", "{carrier} has told nothing about this parcel so far. The first scan appears here.")
CANCELLED = Words("Cancelled", "The sender has cancelled this label.", "Write to {shop} if you expect a parcel.")

# Where the substatus tells the buyer more, or asks something of them (Shippo's closed list).
_SUBSTATUS: Mapping[str, Words] = {
    "address_issue": Words(
        "Address problem",
        "{carrier} cannot find the address as it is written.",
        "Send your full address to {shop}, with apartment, floor and the name on the door.",
    ),
    "contact_carrier": Words(
        "{carrier} needs to hear from you",
        "{carrier} has a question before it can go on.",
        "Contact {carrier} and give the tracking number.",
    ),
    "delayed": _STATUS["DELAYED"],
    "delivery_attempted": Words(
        "Delivery attempted",
        "{carrier} was at the door and could not leave the parcel.",
        "Most carriers try again on the next working day. To choose another day or place, use {carrier}'s page.",
    ),
    "delivery_rescheduled": Words("Delivery rescheduled", "{carrier} has planned another day for the delivery."),
    "delivery_scheduled": Words("Delivery planned", "{carrier} has planned the delivery."),
    "location_inaccessible": Words(
        "Address cannot be reached",
        "{carrier} could not get to the address.",
        "See that gate or door can be opened, or choose another place on {carrier}'s page.",
    ),
    "notice_left": Words(
        "Notice left",
        "{carrier} has left a card at the address.",
        "The card says where the parcel is and how to get it. Bring it along, and something that shows your name.",
    ),
    "package_damaged": Words(
        "Damaged on the way",
        "{carrier} reports that the parcel is damaged.",
        "If it arrives, take pictures before you open it. Write to {shop}; they settle it with the carrier.",
    ),
    "package_held": Words(
        "Held by {carrier}",
        "{carrier} holds the parcel, at a counter or at customs.",
        "See {carrier}'s page for what is missing, or ask there with the tracking number.",
    ),
    "pickup_available": Words(
        "Ready to be picked up",
        "Your parcel waits for you at a counter of {carrier}.",
        "Bring something that shows your name. It goes back after some days, so do not wait long.",
    ),
    "reschedule_delivery": Words(
        "Choose another day",
        "{carrier} needs another day for the delivery from you.",
        "Choose one on {carrier}'s page.",
    ),
    "return_to_sender": Words(
        "Going back",
        "{carrier} is taking your parcel back to the sender.",
        "Write to {shop} if you still want it.",
    ),
    "package_unclaimed": Words(
        "Nobody came for it",
        "The parcel waited at a counter and is about to go back.",
        "Call {carrier} now: it may still be there. Otherwise write to {shop}.",
    ),
    "package_undeliverable": Words("Cannot be delivered", "{carrier} cannot deliver the parcel.", _ASK),
    "package_disposed": Words("Disposed of", "{carrier} has disposed of the parcel.", _ASK),
    "package_lost": Words(
        "Lost", "{carrier} cannot find the parcel.", "Write to {shop}; they settle it with {carrier}."
    ),
}
# Steps on the way: worth a line in the history, too fine for a headline.
_STEP: Mapping[str, Words] = {
    "information_received": Words("Announced", "The label was made and {carrier} knows of the parcel."),
    "package_accepted": Words("Accepted", "{carrier} has taken your parcel in."),
    "package_arrived": Words("Arrived at a facility", "Your parcel has reached another station of its way."),
    "package_departed": Words("Left a facility", "Your parcel is on to its next station."),
    "package_forwarded": Words("Forwarded", "{carrier} sends your parcel on to another address."),
    "package_processed": Words("Sorted", "{carrier} has sorted your parcel."),
    "package_processing": Words("Being sorted", "{carrier} is sorting your parcel."),
}


def words_for(status: BuyerStatus | None, substatus: str | None = None) -> Words:
    """What to say of where a parcel stands, with the names still to be put in."""
    if status is None:
        return NO_NEWS
    if status in ("TRANSIT", "FAILURE", "RETURNED") and substatus in _SUBSTATUS:
        return _SUBSTATUS[substatus or ""]
    step = _STEP.get(substatus or "") if status == "TRANSIT" else None
    return Words(_STATUS[status].title, step.text) if step else _STATUS[status]


def step_words(status: BuyerStatus | None, substatus: str | None = None) -> Words:
    """The same for one line of the history."""
    step = _STEP.get(substatus or "") if status in ("PRE_TRANSIT", "TRANSIT") else None
    return step or words_for(status, substatus)
