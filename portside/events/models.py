"""The names of events (a frozen surface) and the event as its writer hands it over."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Mode, Scope

# The first five are Shippo's and reach webhooks subscribed to `all`; ours reach only those who name them.
EventName = Literal[
    "transaction_created",
    "transaction_updated",
    "track_updated",
    "batch_created",
    "batch_purchased",
    "order_created",
    "order_updated",
    "webhook_disabled",
    "webhook_failing",
    "webhook_recovered",
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


def envelope(name: EventName, *, test: bool, data: bytes, carrier: str | None = None) -> str:
    """The finished webhook body around `data`, which is JSON already."""
    extra = f'"carrier":{msgspec.json.encode(carrier).decode()},' if carrier is not None else ""
    return f'{{"event":"{name}","test":{"true" if test else "false"},{extra}"data":{data.decode()}}}'


class EventRef(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a reaction's job."""

    event: Id
    account: Id
    mode: Mode


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was written. `position` orders the whole log, `seq` the events of one object."""

    position: int
    id: Id
    account_id: Id
    mode: Mode
    name: EventName
    object_id: Id
    seq: int
    actor: str
    payload: str | None
    shape_version: int
    created_at: dt.datetime


class News(msgspec.Struct, frozen=True, kw_only=True):
    """That something happened to an object; whoever cares reads the object."""

    account_id: Id
    mode: Mode
    name: EventName
    object_id: Id
    seq: int


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """News up to a `horizon`: nothing of a transaction below it is still to come.

    `is_cut`: there was more than was looked at, so anything may have happened. `is_late`: more is committed already and
    comes with a later bulletin.
    """

    horizon: int
    news: list[News]
    is_cut: bool
    is_late: bool
