"""A refund as it is stored."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.rates.models import Message

# PENDING: the carrier was asked, or is being asked, and has not said yes or no.
RefundStatus = Literal["QUEUED", "PENDING", "SUCCESS", "ERROR"]


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """One label's refund; there is one at most. `messages` say why it was refused, or why it takes so long."""

    id: Id
    label_id: Id
    status: RefundStatus
    messages: tuple[Message, ...]
    next_try_at: dt.datetime
    created_at: dt.datetime
    updated_at: dt.datetime

    @property
    def is_open(self) -> bool:
        return self.status in ("QUEUED", "PENDING")
