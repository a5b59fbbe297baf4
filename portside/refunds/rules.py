"""Pure facts about refunds: which labels have one, which refusals are final, when to ask again."""

from __future__ import annotations

import datetime as dt

from portside.carriers.errors import CarrierError, ErrorKind
from portside.errors import FieldErrors
from portside.labels.models import LabelStatus
from portside.refunds.models import Refund

# Shippo's refunds take up to a fortnight; a carrier that says nothing for so long has refused.
GIVEN_UP_AFTER = dt.timedelta(days=14)

EXISTS = "Refund with this Transaction already exists."
NOT_FOUND = "Transaction with supplied object_id not found."

# What the carrier says of the label itself. The rest may be otherwise tomorrow: credentials are renewed, hosts mended.
_FINAL: frozenset[ErrorKind] = frozenset({"input", "unserviceable"})

_WHY_NOT: dict[LabelStatus, str] = {
    "WAITING": "has not been bought yet",
    "QUEUED": "has not been bought yet",
    "ERROR": "was never bought",
    "REFUNDED": "has been refunded",
    "REFUNDPENDING": "is being refunded",
    "REFUNDREJECTED": "was refused a refund by its carrier",
}


def not_refundable(status: LabelStatus) -> FieldErrors:
    """Why a label of that status has no refund."""
    text = f"Only a transaction with status SUCCESS can be refunded. This one is {status}: it {_WHY_NOT[status]}."
    return FieldErrors({"transaction": [text]})


def is_final(failure: CarrierError) -> bool:
    """Whether the carrier has refused for good."""
    return failure.kind in _FINAL


def next_pause(refund: Refund, moment: dt.datetime) -> float:
    """Seconds until the carrier is asked again: as long as it has taken so far, an hour at most."""
    return min(max((moment - refund.created_at).total_seconds(), 5.0), 3600.0)
