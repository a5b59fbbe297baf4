"""The event log over the API: Portside's own shapes, named as Shippo names things."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.errors import FieldErrors
from portside.event_log.models import Happened, LogFilter, Told
from portside.events.models import EventName, StoredEvent
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.rest.parse import Moment
from portside.webhooks.models import DeliveryState

NO_ID = "This is not an id."


class EventFilter(msgspec.Struct, kw_only=True):
    """`subject` is the object that an event tells of. `webhook` and `state` find events with such a delivery; dates are
    compared with when it happened."""

    event: EventName | None = None
    webhook: str | None = None
    state: DeliveryState | None = None
    subject: str | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None


class EventDeliveryOut(msgspec.Struct, kw_only=True):
    """How an event was told to one webhook; `url` is null once that is deleted. The attempts are at
    `/webhooks/{webhook}/deliveries/{event}`."""

    webhook: str
    url: str | None
    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    last_attempt: str | None
    next_attempt: str | None
    finished: str | None


class EventOut(msgspec.Struct, kw_only=True):
    """`object_id` is what receivers get as `webhook-id`, `subject` the object that it tells of, `account` the account
    that it happened in; `seq` counts the events of one object from 1."""

    object_id: str
    object_created: str
    event: EventName
    subject: str
    account: str
    seq: int
    deliveries: list[EventDeliveryOut]


class EventWithPayloadOut(EventOut, kw_only=True):
    payload: Annotated[Any, Meta(description="The body, as it was and is delivered; null once it was erased.")]


def log_filter(given: EventFilter) -> LogFilter:
    """Raises FieldErrors."""
    ids: dict[str, Id] = {}
    for field in ("webhook", "subject"):
        text = getattr(given, field)
        if text:
            found = as_id(text)
            if found is None:
                raise FieldErrors({field: [NO_ID]})
            ids[field] = found
    return LogFilter(
        name=given.event,
        webhook_id=ids.get("webhook"),
        state=given.state,
        object_id=ids.get("subject"),
        since=given.start_date,
        until=given.end_date,
    )


def event_out(event: Happened) -> EventOut:
    return EventOut(
        object_id=event.id,
        object_created=to_wire(event.created_at),
        event=event.name,
        subject=event.object_id,
        account=event.account_id,
        seq=event.seq,
        deliveries=[_delivery_out(told) for told in event.told],
    )


def event_with_payload_out(event: Happened, stored: StoredEvent) -> EventWithPayloadOut:
    payload = None if stored.payload is None else msgspec.Raw(stored.payload.encode())
    return EventWithPayloadOut(**msgspec.structs.asdict(event_out(event)), payload=payload)


def _delivery_out(told: Told) -> EventDeliveryOut:
    return EventDeliveryOut(
        webhook=told.endpoint.id,
        url=told.endpoint.url,
        state=told.state,
        attempts=told.attempts,
        last_status=told.status,
        last_error=told.error,
        last_attempt=to_wire(told.attempted_at) if told.attempted_at else None,
        next_attempt=to_wire(told.due_at) if told.state == "pending" else None,
        finished=to_wire(told.finished_at) if told.finished_at else None,
    )
