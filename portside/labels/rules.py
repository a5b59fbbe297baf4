"""Pure facts about purchases: their states, what an address needs, what a label's file is called."""

from __future__ import annotations

from typing import Any

from portside.addresses.models import Address
from portside.carriers.contract import RateQuery
from portside.carriers.errors import CarrierError
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels.models import Label, LabelFileType, LabelStatus, PurchaseState
from portside.orders.models import LabelSummary

# From which states an outcome may be written (law 4). A refusal is only ever of what is still open; a success that
# finds anything but `reserved` came too late and is voided at the carrier. `voided` is a person's word that nothing was
# bought.
BEFORE: dict[PurchaseState, frozenset[PurchaseState]] = {
    "reserved": frozenset(),
    "bought": frozenset({"reserved"}),
    "rejected": frozenset({"reserved"}),
    "voided": frozenset({"reserved"}),
    "refunded": frozenset({"bought", "voided"}),
}

# From which status a label moves on along its refund, one refund per label.
REFUND_BEFORE: dict[LabelStatus, LabelStatus] = {
    "REFUNDPENDING": "SUCCESS",
    "REFUNDED": "REFUNDPENDING",
    "REFUNDREJECTED": "REFUNDPENDING",
}

# Labels that are worth nothing any more, or never were: a purchase of only these is refunded.
WORTHLESS: frozenset[LabelStatus] = frozenset({"REFUNDED", "ERROR"})

# The code of the refusal of a purchase that its carrier, when it was asked, knew nothing of.
NEVER_RECEIVED = "never_received"

# What the Domestic Mail Manual, 608.2, counts as domestic: the states, the territories, the freely associated states.
_USPS_DOMESTIC = frozenset({"US", "AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI"})

_EXTENSIONS: dict[str, str] = {"PDF": "pdf", "PNG": "png", "ZPL": "zpl"}


def purchase_payload(scope: Scope, purchase_id: Id) -> dict[str, str]:
    """What a job is told of the purchase that it is about."""
    return {"account": scope.account_id, "mode": scope.mode, "purchase": purchase_id}


def is_outcome_open(error: CarrierError) -> bool:
    """Whether after this failure of a purchase nobody knows what the carrier did.

    An answer that could not be read (`bug`) says no more than none at all.
    """
    return error.kind in ("timeout_unknown", "bug")


def file_key(account_id: Id, label_id: Id, file_type: LabelFileType) -> str:
    """Where the file of a label is stored."""
    return f"labels/{account_id}/{label_id}.{_EXTENSIONS[file_type[:3]]}"


def invoice_key(account_id: Id, purchase_id: Id) -> str:
    """Where the commercial invoice of a purchase is stored."""
    return f"invoices/{account_id}/{purchase_id}.pdf"


def qr_code_key(account_id: Id, label_id: Id) -> str:
    """Where the QR code is stored by which a counter prints a label."""
    return f"qr-codes/{account_id}/{label_id}.png"


def crosses_border(one: Address, other: Address) -> bool:
    """Whether what is declared for the customs will be seen by another country's."""
    return one.country != other.country


def has_qr_code(carrier: str, query: RateQuery) -> bool:
    """Whether the counter that takes the parcel is to print its label (USPS within the country)."""
    wanted = query.options.other.get("qr_code_requested") is True
    ends = {query.ship_from.country, query.ship_to.country}
    return wanted and carrier == "usps" and ends <= _USPS_DOMESTIC


def summary(label: Label) -> LabelSummary:
    """What its order keeps of a label."""
    return LabelSummary(
        label_id=label.id,
        status=label.status,
        carrier=label.carrier,
        tracking_number=label.tracking_number,
        tracking_status=label.tracking_status,
        file_key=label.file_key,
    )


def address_errors(**addresses: Address) -> dict[str, Any]:
    """What to tell the caller of incomplete addresses, in the nested shape of a shipment; empty when all are fine."""
    errors: dict[str, Any] = {}
    for role, address in addresses.items():
        if address.lacks:
            errors[role] = [{name: ["This field is required to buy a label."] for name in address.lacks}]
    return errors
