"""The public catalogue of events: a JSON Schema of each body, and an AsyncAPI 3 document of all of them.

Both are made from the very Structs that bodies are written from, as deliveries write them: most leave out what is
absent, and an id is never replaced by an object.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from portside.events.models import EventName
from portside.labels.wire import TransactionOut
from portside.orders.wire import OrderOut
from portside.rest.openapi import reachable, sparse_types
from portside.tracking.wire import TrackOut
from portside.webhooks.samples import MARK, sample_body
from portside.webhooks.wire import WebhookOut

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID = "[0-9a-f]{32}"

Schema = dict[str, Any]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an event. `data` is the Struct that its body carries, or the pattern of a text.

    `has_nulls`: absent values are null rather than left out; `nullable` are those that are null all the same.
    """

    title: str
    when: str
    data: type[msgspec.Struct] | str
    has_nulls: bool = False
    nullable: frozenset[str] = frozenset()
    has_carrier: bool = False


_LABEL: dict[str, Any] = {"data": TransactionOut, "nullable": frozenset({"created_by"})}
_ORDER: dict[str, Any] = {"data": OrderOut, "has_nulls": True}

ENTRIES: Mapping[EventName, Entry] = {
    "transaction_created": Entry(
        title="A label was bought, or refused",
        when="Once for each label, as soon as its outcome is known: `status` is SUCCESS or ERROR.",
        **_LABEL,
    ),
    "transaction_updated": Entry(
        title="A label changed",
        when="Whenever a label changes after that: its refund, its tracking status, its expected day.",
        **_LABEL,
    ),
    "track_updated": Entry(
        title="A parcel moved",
        when="Whenever a carrier tells something new of a number that was registered or a label that was bought here.",
        data=TrackOut,
        has_carrier=True,
    ),
    "batch_created": Entry(
        title="A batch is ready to buy",
        when="Once, when every shipment of a batch has been looked at.",
        data=f"^batch {_ID} created$",
    ),
    "batch_purchased": Entry(
        title="The labels of a batch are bought",
        when="Once, when every label of a batch is bought or refused and the merged files are there.",
        data=f"^batch {_ID} processing complete$",
    ),
    "order_created": Entry(
        title="An order arrived",
        when="Once for each order. An event of Portside's own: `all` does not include it.",
        **_ORDER,
    ),
    "order_updated": Entry(
        title="An order changed",
        when="Whenever an order changes: its content, its status, its labels. An event of Portside's own.",
        **_ORDER,
    ),
    "webhook_disabled": Entry(
        title="A webhook was switched off",
        when="When Portside stops sending to an address, which said 410 or only failed for days. Of Portside's own.",
        data=WebhookOut,
    ),
    "webhook_failing": Entry(
        title="A webhook is failing",
        when="Once, when an address has taken nothing for an hour. An event of Portside's own.",
        data=WebhookOut,
    ),
    "webhook_recovered": Entry(
        title="A webhook works again",
        when="When an address that was said to be failing takes a delivery. An event of Portside's own.",
        data=WebhookOut,
    ),
}


def event_schema(name: EventName) -> Schema:
    """The JSON Schema of an event's body. It allows more keys than it names: bodies may grow."""
    schema, definitions = _body(name, "#/$defs/{name}")
    return {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}


def asyncapi(version: str) -> dict[str, Any]:
    """The AsyncAPI 3 document as plain values."""
    messages, schemas = {}, {"DeliveryHeaders": _HEADERS}
    for name in ENTRIES:
        schema, definitions = _body(name, "#/components/schemas/{name}")
        schemas |= definitions | {name: schema}
        messages[name] = _message(name)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Portside webhooks", "version": version, "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                "title": "A subscribed address",
                "address": None,
                "description": "The URL of a webhook, which its owner chose (`POST /webhooks`).",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {name: _operation(name) for name in messages},
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


_ABOUT = (
    "What Portside sends to the addresses that subscribed: a POST for each event, signed in two ways, tried again "
    "until it is taken. The guide to receiving them is docs/webhooks.md."
)
_HEADERS: Schema = {
    "type": "object",
    "description": "What every delivery carries beside its body.",
    "properties": {
        "Shippo-API-Version": {"type": "string", "description": "The version of the body's shape."},
        "Shippo-Auth-Signature": {
            "type": "string",
            "description": "`t=<unix seconds>,v1=<hex>`, one `v1` for each valid secret.",
        },
        "webhook-id": {
            "type": "string",
            "pattern": f"^{_ID}$",
            "description": "The event's id, the same in every attempt: what duplicates are known by.",
        },
        "webhook-timestamp": {"type": "string", "description": "Unix seconds of this attempt."},
        "webhook-signature": {"type": "string", "description": "`v1,<base64>`, one for each valid secret."},
        "Portside-Account": {"type": "string", "description": "The account that the event happened in."},
        "Portside-Event-Seq": {"type": "string", "description": "Counts the events of one object from 1."},
        "Shippo-Account-Id": {
            "type": "string",
            "description": "At webhooks for many accounts: the account that the event happened in.",
        },
    },
    "required": [
        "Shippo-API-Version",
        "Shippo-Auth-Signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "Portside-Account",
        "Portside-Event-Seq",
    ],
}


def _message(name: EventName) -> dict[str, Any]:
    return {
        "name": name,
        "title": ENTRIES[name].title,
        "summary": ENTRIES[name].when,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/DeliveryHeaders"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "examples": [{"name": "sample", "payload": msgspec.json.decode(sample_body(name))}],
    }


def _operation(name: EventName) -> dict[str, Any]:
    return {
        "action": "send",
        "title": ENTRIES[name].title,
        "channel": {"$ref": "#/channels/webhook"},
        "messages": [{"$ref": f"#/channels/webhook/messages/{name}"}],
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    }


def _body(name: EventName, template: str) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a body, and the definitions that it refers to."""
    entry = ENTRIES[name]
    data, definitions = _data(entry, template)
    fields: Schema = {
        "event": {"const": name},
        "test": {"type": "boolean", "description": "Whether it happened in test mode, or is a sample."},
    }
    if entry.has_carrier:
        fields["carrier"] = {"type": "string", "description": "The carrier's token, as in `data`."}
    required = [*fields, "data"]
    fields["data"] = data
    fields["metadata"] = {"const": MARK, "description": "Only in samples that were asked for to test a receiver."}
    schema = {
        "title": name,
        "description": f"{entry.title}. {entry.when}",
        "type": "object",
        "properties": fields,
        "required": required,
    }
    return schema, definitions


def _data(entry: Entry, template: str) -> tuple[Schema, dict[str, Schema]]:
    if isinstance(entry.data, str):
        return {"type": "string", "pattern": entry.data}, {}
    (schema,), components = msgspec.json.schema_components([entry.data], ref_template=template)
    written = {name: _written(found, entry) for name, found in components.items()}
    kept = reachable([schema], written)
    return schema, {name: found for name, found in written.items() if name in kept}


def _written(schema: Schema, entry: Entry) -> Schema:
    """A Struct as bodies show it: what is absent is left out or null, and everything else is always there."""
    if "properties" not in schema:
        return schema
    is_sparse = schema["title"] in sparse_types()
    properties, required = {}, []
    for field, found in schema["properties"].items():
        shown, is_nullable = _plain(found)
        if is_nullable and field in entry.nullable | (schema["properties"].keys() if entry.has_nulls else set()):
            shown = {"anyOf": [shown, {"type": "null"}]}
            is_nullable = False
        # A field with neither may be unset, and is then left out.
        is_set = field in schema.get("required", ()) or "default" in found
        if is_set and not is_nullable and not (is_sparse and "default" in found):
            required.append(field)
        properties[field] = shown
    described = {"description": inspect.cleandoc(schema["description"])} if "description" in schema else {}
    return {"title": schema["title"], **described, "type": "object", "properties": properties, "required": required}


def _plain(schema: Schema) -> tuple[Schema, bool]:
    """A field's schema without its null and its default, and whether it had a null. What may be an id is one."""
    shown = {key: fact for key, fact in schema.items() if key != "default"}
    if "anyOf" not in shown:
        return shown, False
    choices = [choice for choice in shown.pop("anyOf") if choice != {"type": "null"}]
    is_nullable = len(choices) < len(schema["anyOf"])
    if {"type": "string"} in choices:
        choices = [choice for choice in choices if "$ref" not in choice]
    return {**shown, **(choices[0] if len(choices) == 1 else {"anyOf": choices})}, is_nullable
