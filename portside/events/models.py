"""The names of events (a frozen surface) and the event as its writer hands it over."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope

# The first five are Shippo's and reach webhooks subscribed to `all`; ours reach only those who name them.
EventName = Literal[
    "transaction_created",
    "transaction_updated",
    "track_updated",
    "batch_created",
    "batch_purchased",
    "order_created",
    "order_updated",
]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to be recorded. `payload` is the finished JSON text of the webhook body (law 5): what is delivered is
    byte for byte what was written here. `seq` counts the events of one object from 1 (law 14)."""

    scope: Scope
    name: EventName
    object_id: Id
    seq: int
    payload: str
    id: Id = msgspec.field(default_factory=new_id)
    created_at: dt.datetime = msgspec.field(default_factory=now)
