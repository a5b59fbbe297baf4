"""Whom to ask at a carrier about a parcel, and in which words.

Numbers and addresses for customers in the United States, from public knowledge; each entry names where to check it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from portside.alerts.models import Issue

ISSUE_NAMES: Mapping[Issue, str] = {
    "lost_or_delayed": "Lost or delayed",
    "unused_label_refund": "Refund of an unused label",
    "address_exception": "Problem with the address",
    "customs_international": "Customs",
    "damage": "Damage",
    "other": "Something else",
}


class Link(msgspec.Struct, frozen=True):
    """A page of a carrier's."""

    label: str
    url: str


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """How a carrier is asked; `source` is the page to check it at, `noted_on` when it was written down here."""

    phone: str
    phone_words: str
    enquiry: Link
    claim: Link
    source: str
    noted_on: str


CONTACTS: Mapping[str, Contact] = {
    "usps": Contact(
        phone="1-800-275-8777",
        phone_words="1-800-ASK-USPS",
        enquiry=Link("Search for missing mail", "https://missingmail.usps.com/"),
        claim=Link("File a claim", "https://www.usps.com/help/claims.htm"),
        source="https://www.usps.com/help/missing-mail.htm",
        noted_on="2026-11",
    ),
    "ups": Contact(
        phone="1-800-742-5877",
        phone_words="1-800-PICK-UPS",
        enquiry=Link("Contact UPS", "https://www.ups.com/us/en/support/contact-us"),
        claim=Link("File a claim", "https://www.ups.com/us/en/support/file-a-claim"),
        source="https://www.ups.com/us/en/support/contact-us",
        noted_on="2026-11",
    ),
}

_ASKED: Mapping[Issue, str] = {
    "lost_or_delayed": "The parcel has not arrived. Please find out where it is, and tell me when it will be delivered "
    "or whether you consider it lost.",
    "unused_label_refund": "The label was not used and no parcel was handed over with it. Please refund it, or tell me "
    "which scan shows that it was used.",
    "address_exception": "There is a problem with the recipient's address. Please tell me what is wrong with it, and "
    "how I can correct it so that the parcel is delivered.",
    "customs_international": "The parcel is waiting at the customs. Please tell me which document or payment is "
    "missing, and from whom.",
    "damage": "The parcel was damaged on its way. Please confirm the damage, tell me where the parcel is now, and open "
    "a claim.",
    "other": "Please tell me what has happened to this shipment, and what you need from me.",
}


def enquiry(issue: Issue, carrier_name: str, reference: str, facts: list[tuple[str, str]]) -> str:
    """The text of an enquiry, ready to be sent or read out; the reference is the tracking number."""
    told = "\n".join(f"{name}: {value}" for name, value in facts if value)
    subject = f"{ISSUE_NAMES[issue]}: {reference}" if reference else ISSUE_NAMES[issue]
    return f"{subject}\n\nDear {carrier_name} team,\n\n{_ASKED[issue]}\n\n{told}\n\nThank you."
